"""Flow diagrams as files: SVG for people, BPMN 2.0 for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.definitions import drawing_of
from workflows.flows import FLOWS


class Command(BaseCommand):
    help = "导出流程图 (SVG 与 BPMN); --check 只比较, 不一致时报错"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=Path("docs/flows"))
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        wanted = {}
        for flow in FLOWS:
            name = flow.__module__.rsplit(".", 1)[-1]
            drawing = drawing_of(flow)
            wanted[out / f"{name}.svg"] = drawing.svg
            wanted[out / f"{name}.bpmn"] = drawing.bpmn
        if options["check"]:
            stale = [
                str(path)
                for path, text in wanted.items()
                if not path.exists() or path.read_text(encoding="utf-8") != text
            ]
            if stale:
                raise CommandError(f"流程图已过期: {', '.join(stale)}; 运行 manage.py flows_export")
            self.stdout.write("流程图与代码一致")
            return
        out.mkdir(parents=True, exist_ok=True)
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
            self.stdout.write(str(path))
