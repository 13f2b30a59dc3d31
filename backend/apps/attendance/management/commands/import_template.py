"""manage.py import_template KIND --out FILE: an empty form for one kind of import."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.apps.attendance.services.import_templates import KINDS, import_template
from backend.common.errors import DomainError


class Command(BaseCommand):
    help = "写出导入模板(.csv 或 .xlsx)"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=KINDS)
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="以 .csv 或 .xlsx 结尾")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        try:
            content = import_template(options["kind"], out.suffix.lstrip(".").lower())
            out.write_bytes(content)
        except DomainError as problem:
            raise CommandError(problem.message) from None
        except OSError as problem:
            raise CommandError(f"模板写不进 {out}: {problem.strerror}") from None
        self.stdout.write(f"已写出 {out}")
