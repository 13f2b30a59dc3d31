"""Check scenario files: what an official expects against what the engine calculates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.apps.subsidy.scenarios.reading import ScenarioError
from backend.apps.subsidy.scenarios.running import Checked, check_file
from backend.apps.subsidy.scenarios.spec import json_schema


class Command(BaseCommand):
    help = "核对补助方案用例 (YAML): 每个用例的天数、系数、金额、原因是否与算得的一致。格式见 docs/scenarios.zh.md"
    requires_system_checks: list[str] = []  # no database needed: an official may check a file anywhere

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="文件或目录, 可在仓库之外")
        parser.add_argument("--schema", action="store_true", help="输出格式的 JSON Schema")
        parser.add_argument("--quiet-cases", action="store_true", help="只列出不一致的用例")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["schema"]:
            self.stdout.write(json.dumps(json_schema(), ensure_ascii=False, indent=1))
            return
        files = self._files(options["paths"])
        failed = wrong = lines = 0
        for path in files:
            try:
                checked = check_file(path)
            except ScenarioError as error:
                wrong += 1
                self.stderr.write(f"文件有误  {error}")
                continue
            lines += len(checked.outcomes)
            failed += checked.failed
            self._print(checked, quiet=options["quiet_cases"])
        self.stdout.write(
            f"{len(files)} 个文件, {lines} 行, 一致 {lines - failed} 行, 不一致 {failed} 行, 文件有误 {wrong} 个"
        )
        if failed or wrong:
            raise CommandError("核对未通过")

    def _files(self, paths: list[Path]) -> list[Path]:
        if not paths:
            raise CommandError("请给出至少一个文件或目录")
        found: list[Path] = []
        for path in paths:
            if path.is_dir():
                inside = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
                if not inside:
                    raise CommandError(f"目录里没有 .yaml 文件: {path}")
                found.extend(inside)
            else:
                found.append(path)
        return found

    def _print(self, checked: Checked, *, quiet: bool) -> None:
        self.stdout.write(f"{checked.name}  ({checked.path})")
        for outcome in checked.outcomes:
            if outcome.differences:
                self.stdout.write(f"  ✗ {outcome.case}: {'; '.join(outcome.differences)}")
                self.stdout.write(f"      {outcome.formula}")
            elif not quiet:
                self.stdout.write(
                    f"  ✓ {outcome.case}: {outcome.days} 天, 系数 {outcome.factor}, {outcome.amount} 元, {outcome.reason}"
                )
