"""Hold the live database against the seal packages; exit status 1 when anything is not as it was sealed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.apps.seals.management.arguments import add_month_arguments, chosen_seals
from backend.apps.seals.services import installation_verify, seal_verify
from backend.apps.seals.services.incidents import INSTALLATION, incidents_note, month_scope


class Command(BaseCommand):
    help = "核对数据库与封存包: 指出每处不同的表、行、字段、原值与现值"

    def add_arguments(self, parser: CommandParser) -> None:
        add_month_arguments(parser)
        parser.add_argument("--raise-incidents", action="store_true", help="同时登记封存异常并发送消息")

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for seal in chosen_seals(options["county"], options["month"]):
            report = seal_verify(seal)
            verdict = f"{len(report.findings)} 处不符" if report.findings else "一致"
            witness = report.witness or "没有可用的封存包"
            self.stdout.write(
                f"{report.county_code} {report.month}: {verdict} (依据 {witness}, {report.seconds:.1f} 秒)"
            )
            for name in report.unreachable:
                self.stderr.write(f"  备份位置 {name} 暂时读不到, 本次未核对")
            for finding in report.findings:
                self.stdout.write(f"  · {finding}")
            if options["raise_incidents"]:
                incidents_note(report.findings, scope=month_scope(seal))
            found += len(report.findings)
        whole = installation_verify()
        for finding in whole:
            self.stdout.write(f"  · {finding}")
        if options["raise_incidents"]:
            incidents_note(whole, scope=INSTALLATION)
        if found or whole:
            raise CommandError(f"共 {found + len(whole)} 处不符", returncode=1)
        self.stdout.write("全部一致")
