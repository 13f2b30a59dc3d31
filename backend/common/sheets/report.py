"""What an import did and what was wrong, for the screen, for a file and for the exit code."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

ERROR, REMARK = "error", "remark"
_SEVERITY = {ERROR: "错误", REMARK: "提醒"}
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """Row number as a spreadsheet shows it (0: the file as a whole), column name, reason in Chinese."""

    row: int
    column: str
    reason: str
    severity: str = ERROR

    def __str__(self) -> str:
        where = f"第 {self.row} 行" if self.row else "整份文件"
        column = f" {self.column}" if self.column else ""
        return f"{where}{column}: {self.reason}({_SEVERITY[self.severity]})"


@dataclass(slots=True)
class Tally:
    """Collects problems and counts while rows pass by."""

    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    _bad_rows: set[int] = field(default_factory=set)

    def error(self, row: int, column: str, reason: str) -> None:
        self.problems.append(Problem(row, column, reason))
        self._bad_rows.add(row)

    def remark(self, row: int, column: str, reason: str) -> None:
        self.problems.append(Problem(row, column, reason, REMARK))

    def is_bad(self, row: int) -> bool:
        return row in self._bad_rows

    @property
    def has_errors(self) -> bool:
        return bool(self._bad_rows)

    def report(
        self,
        *,
        title: str,
        form: str = "",
        dry_run: bool = False,
        all_or_nothing: bool = False,
        unchanged_label: str = "未变化",
    ) -> ImportReport:
        written = not dry_run and not (all_or_nothing and self.has_errors)
        return ImportReport(
            title=title,
            form=form,
            rows=self.rows,
            created=self.created,
            updated=self.updated,
            unchanged=self.unchanged,
            rejected=len(self._bad_rows - {0}),
            problems=tuple(sorted(self.problems, key=lambda p: (p.row, p.severity != ERROR))),
            dry_run=dry_run,
            written=written,
            unchanged_label=unchanged_label,
        )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`rows` = created + updated + unchanged + rejected, unless the whole file was refused.

    `written` is False for a dry run and for a refused all-or-nothing file: the counts then say what would have been.
    """

    title: str
    form: str
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    problems: tuple[Problem, ...]
    dry_run: bool
    written: bool
    unchanged_label: str

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == ERROR)

    @property
    def remarks(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == REMARK)

    @property
    def changed(self) -> bool:
        return self.written and bool(self.created or self.updated)

    def lines(self) -> list[str]:
        """For the screen: problems first (at most 50 and a count of the rest by kind), the sums last."""
        shown = [f"  {problem}" for problem in islice(self.problems, _SHOWN)]
        rest = Counter((p.column, p.reason, p.severity) for p in self.problems[_SHOWN:])
        shown += [
            f"  …另有 {number} 处 {column}: {reason}({_SEVERITY[severity]})"
            for (column, reason, severity), number in rest.most_common(_SHOWN)
        ]
        if self.rows or not self.errors:
            shown.append(
                f"{self.title}: 共 {self.rows} 行, 新增 {self.created} 行, 更新 {self.updated} 行, "
                f"{self.unchanged_label} {self.unchanged} 行, 有错 {self.rejected} 行, 提醒 {len(self.remarks)} 条"
                + (f" [{self.form}]" if self.form else "")
            )
        if self.dry_run:
            shown.append("试运行: 没有写入任何数据。")
        elif not self.written:
            shown.append("有错误, 按“全有或全无”的要求整份没有导入。")
        elif self.rejected:
            shown.append("有错的行没有导入, 其余各行已导入; 改正后可以把整份文件再导入一次。")
        return shown

    def to_csv(self) -> bytes:
        """The problems as a CSV that Excel opens, with formula signs made harmless."""
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        writer.writerow(["行号", "列名", "程度", "原因"])
        writer.writerows(
            [p.row or "", _harmless(p.column), _SEVERITY[p.severity], _harmless(p.reason)]
            for p in self.problems
        )
        return buffer.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
