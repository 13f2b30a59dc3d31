"""Work sealed months out again with today's code; exit status 1 when a line comes out otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.apps.seals.domain.package import PackageError, read_package
from backend.apps.seals.management.arguments import add_month_arguments, chosen_seals
from backend.apps.seals.selectors.replay import MonthReplay
from backend.apps.seals.services import package_replay, seal_replay


class Command(BaseCommand):
    help = "用现在的程序重算已封存的月份, 指出每处与封存时不同的行和字段 (只读)"

    def add_arguments(self, parser: CommandParser) -> None:
        add_month_arguments(parser)
        parser.add_argument("packages", nargs="*", type=Path, help="封存包文件; 不填则重算数据库中的月份")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        if options["packages"]:
            for path in options["packages"]:
                wrong += self._tell(path.name, self._read(path))
        else:
            for seal in chosen_seals(options["county"], options["month"]):
                wrong += self._tell(f"{seal.county_code} {seal.month}", seal_replay(seal))
        if wrong:
            raise CommandError(f"共 {wrong} 处不同", returncode=1)

    def _read(self, path: Path) -> MonthReplay:
        try:
            return package_replay(read_package(path.read_bytes()))
        except (OSError, PackageError) as error:
            raise CommandError(f"{path}: 不能读取封存包 ({error})") from error

    def _tell(self, name: str, replay: MonthReplay) -> int:
        if replay.problem:
            self.stdout.write(f"{name}: 未重算 ({replay.problem})")
            return 1
        late = f", 另有 {replay.late} 行在封存时已有迟到数据" if replay.late else ""
        self.stdout.write(f"{name}: {replay.lines} 行, {len(replay.differences)} 处不同{late}")
        for found in replay.differences:
            self.stdout.write(f"  · {found.key} {found.column}: {found.sealed} → {found.now}")
        return len(replay.differences)
