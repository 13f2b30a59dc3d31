"""The columns a kind of file has, and rows turned into values by them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backend.common.sheets.cells import CellInvalid, Raw
from backend.common.sheets.reading import Grid, is_blank
from backend.common.sheets.report import Tally

_LONG_NUMBER = re.compile(r"\d{6}")
IGNORED = frozenset({"序号", "备注"})  # people number and annotate their lists


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `convert` takes a filled cell and returns the value or raises CellInvalid."""

    key: str
    name: str
    convert: Callable[[Raw], Any]
    required: bool = False  # in every row
    wanted: bool = False  # the column itself must be there, cells may be blank
    sample: str = ""
    note: str = ""
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of file: its Chinese title and columns in order."""

    kind: str
    title: str
    columns: tuple[Column, ...]

    def name_of(self, key: str) -> str:
        return next(column.name for column in self.columns if column.key == key)


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose header was understood. `positions` maps column key to its place in the row."""

    layout: Layout
    grid: Grid
    positions: dict[str, int]

    @classmethod
    def of(cls, layout: Layout, grid: Grid, tally: Tally) -> Table | None:
        """None when the header is unusable; every reason is then in the tally."""
        known = {_tidy(name): c for c in layout.columns for name in (c.name, *c.other_names)}
        positions: dict[str, int] = {}
        fine = True
        if not any(_tidy(title) in known for title in grid.header):
            # Perhaps a list of people without a header: naming its first row would print personal data.
            names = "、".join(c.name for c in layout.columns if c.required or c.wanted)
            tally.error(0, "", f"第一行不是表头; 至少要有 {names}, 请按模板整理")
            return None
        for place, title in enumerate(grid.header):
            name = _tidy(title)
            if not name or name in IGNORED:
                continue
            column = known.get(name)
            if column is None:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"; 是否想写“{near[0]}”? " if near else ", "
                shown = name[:40] if not _LONG_NUMBER.search(name) else f"第 {place + 1} 列"
                tally.error(0, shown, f"没有这一列的说明{hint}请按模板整理表头")
                fine = False
            elif column.key in positions:
                tally.error(0, column.name, "表头中这一列出现了两次")
                fine = False
            else:
                positions[column.key] = place
        for column in layout.columns:
            if (column.required or column.wanted) and column.key not in positions:
                tally.error(0, column.name, "表头中缺少这一列")
                fine = False
        return cls(layout=layout, grid=grid, positions=positions) if fine else None

    def raw_rows(self, tally: Tally) -> Iterator[tuple[int, Sequence[Raw]]]:
        """Rows that hold anything, counted; a row with filled cells beyond the header is reported and left out."""
        width = len(self.grid.header)
        is_first = True
        for number, cells in self.grid.rows:
            if (not cells or not str(cells[0]).strip()) and is_blank(cells):
                continue
            if is_first and self._is_sample(cells):
                tally.remark(number, "", "这是模板里的示例行, 已跳过")
                continue
            is_first = False
            tally.rows += 1
            if len(cells) > width and not is_blank(cells[width:]):
                tally.error(number, "", "本行的格数比表头多, 可能有未加引号的逗号")
                continue
            yield number, cells

    def _is_sample(self, cells: Sequence[Raw]) -> bool:
        samples = {self.positions[c.key]: c.sample for c in self.layout.columns if c.key in self.positions}
        return all(str(cell).strip() == samples.get(place, "") for place, cell in enumerate(cells))

    def rows(self, tally: Tally) -> Iterator[tuple[int, dict[str, Any]]]:
        """Rows without a problem as values by key; a blank or absent cell is None."""
        plan = [(c, self.positions.get(c.key)) for c in self.layout.columns]
        for number, cells in self.raw_rows(tally):
            values: dict[str, Any] = {}
            for column, place in plan:
                raw = cells[place] if place is not None and place < len(cells) else ""
                values[column.key] = None
                if raw == "" or (isinstance(raw, str) and not raw.strip()):
                    if column.required:
                        tally.error(number, column.name, "必填, 不能为空")
                    continue
                try:
                    value = column.convert(raw)
                except CellInvalid as problem:
                    tally.error(number, column.name, str(problem))
                    continue
                if value == "" and column.required:
                    tally.error(number, column.name, "必填, 不能为空")
                values[column.key] = None if value == "" else value
            if not tally.is_bad(number):
                yield number, values


def _tidy(title: str) -> str:
    """Header text as people vary it: width, blanks, a star or “(必填)” behind the name.

    >>> _tidy(" 机构名称 *（必填）")
    '机构名称'
    """
    name = unicodedata.normalize("NFKC", title)
    name = "".join(c for c in name if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))
    for mark in ("(必填)", "(选填)", "*"):
        name = name.replace(mark, "")
    return name
