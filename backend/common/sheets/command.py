"""The frame every `import_…` command shares: options, progress, report, exit code."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from backend.common.errors import DomainError
from backend.common.sheets.reading import Grid, SheetUnreadable, read_path
from backend.common.sheets.report import ImportReport

DEFAULT_COUNTY = "330683"


class Importer(Protocol):
    def __call__(
        self,
        *,
        grid: Grid,
        county_code: str,
        dry_run: bool,
        all_or_nothing: bool,
        progress: Callable[[int], None],
    ) -> ImportReport: ...


def county_code_of(text: str) -> str:
    """The 12-digit code of `330683` or `330683000000`.

    >>> county_code_of("330683")
    '330683000000'
    """
    if not (text.isascii() and text.isdigit() and len(text) in (6, 12)):
        raise CommandError("县(市、区)代码应为 6 位或 12 位数字, 例如 330683")
    return text.ljust(12, "0")


class ImportCommand(BaseCommand):
    """Sub-classes name the service; it is a static function so that a command stays one screen long."""

    importer: Importer
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV(UTF-8 或 GB18030)或 XLSX")
        parser.add_argument("--county", default=DEFAULT_COUNTY, help="县(市、区)代码, 默认 %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="只检查并报告, 不写入")
        parser.add_argument("--all-or-nothing", action="store_true", help="有一行错误就整份不导入")
        parser.add_argument("--report", type=Path, metavar="FILE", help="把问题清单写成 CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        county_code = county_code_of(options["county"])
        try:
            grid = read_path(options["file"])
            report = type(self).importer(
                grid=grid,
                county_code=county_code,
                dry_run=options["dry_run"],
                all_or_nothing=options["all_or_nothing"],
                progress=self._progress(grid.size),
            )
        except SheetUnreadable as problem:
            raise CommandError(f"{options['file'].name}: {problem}") from None
        except DomainError as problem:
            raise CommandError(problem.message) from None
        except OperationalError as problem:  # lock time-out, lost connection; the text may quote a row
            raise CommandError(
                f"数据库正忙或已断开({type(problem).__name__}), 请稍后把同一份文件再导入一次"
            ) from None
        for line in report.lines():
            self.stdout.write(line)
        self.stdout.write(f"用时 {time.monotonic() - started:.1f} 秒")
        if options["report"]:
            try:
                options["report"].write_bytes(report.to_csv())
            except OSError as problem:
                raise CommandError(f"问题清单写不进 {options['report']}: {problem.strerror}") from None
        if report.errors:
            raise CommandError(f"有 {len(report.errors)} 处错误", returncode=2)

    def _progress(self, size: int) -> Callable[[int], None]:
        def show(done: int) -> None:
            self.stdout.write(f"  已处理 {done:,} / {size:,} 行")
            self.stdout.flush()

        return show if size >= 10_000 else lambda _done: None
