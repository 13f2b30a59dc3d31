"""Put the damaged rows of a sealed month back as its package holds them; every row is audited."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.apps.seals.management.arguments import add_month_arguments, chosen_seals, person
from backend.apps.seals.services.restoring import seal_restore
from backend.common.errors import DomainError


class Command(BaseCommand):
    help = "从封存包恢复被改动的行 (只恢复不符的行, 全程留痕)。PostgreSQL 上须以封存角色的 DATABASE_URL 运行"

    def add_arguments(self, parser: CommandParser) -> None:
        add_month_arguments(parser)
        parser.add_argument("--actor", required=True, help="执行人的账号")
        parser.add_argument("--reason", required=True, help="恢复原因")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["month"]:
            raise CommandError("请用 --month 指明恢复哪个月")
        actor, left = person(options["actor"]), 0
        seals = list(chosen_seals(options["county"], options["month"]))
        if not seals:
            raise CommandError("没有这个月的封存")
        for seal in seals:
            try:
                summary = seal_restore(seal=seal, actor=actor, reason=options["reason"])
            except DomainError as error:
                raise CommandError(error.message) from error
            self.stdout.write(f"{seal.county_code} {seal.month}: 恢复 {len(summary.restored)} 行")
            for table, key in summary.restored:
                self.stdout.write(f"  · {table} {key}")
            for finding in summary.left:
                self.stdout.write(f"  未能恢复: {finding}")
            left += len(summary.left)
        if left:
            raise CommandError(f"还有 {left} 处不能由封存包恢复", returncode=1)
