"""manage.py run_month: the main job as one command, from the punches to the sealed report."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.apps.reporting.services import report_build
from backend.apps.subsidy.models import Snapshot, Statement, StatementDecision
from backend.common.crypto import DecryptionFailed
from backend.common.errors import DomainError
from backend.common.money import money_in_words, money_text
from backend.common.service_month import ServiceMonth
from backend.common.sheets.command import county_code_of
from backend.common.stored_files import file_path
from backend.common.text_table import text_table
from workflows.demo_month import DemoMonth, Walk


class Command(BaseCommand):
    help = "用演示账号走完一个县一个月: 设置天数、计算、预警、审核、评定、备份、报告"
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", metavar="YYYY-MM", help="服务月, 例如 2026-10")
        parser.add_argument("--county", default="330683", help="县(市、区)代码, 默认 %(default)s")
        parser.add_argument("--demo-actors", action="store_true", help="由演示账号依次办理 (必须写明)")
        parser.add_argument(
            "--out", type=Path, required=True, metavar="DIR", help="报告、明细表和摘要写到这里"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["demo_actors"]:
            raise CommandError("请加 --demo-actors: 本命令由演示账号办理; 正式的月份由各岗位人员在系统中办理")
        if settings.SESSION_COOKIE_SECURE:  # set in the production edition only
            raise CommandError("生产环境不能由演示账号办理月份")
        try:
            month = ServiceMonth.parse(options["month"])
        except ValueError as problem:
            raise CommandError(str(problem)) from None
        started = time.monotonic()
        walk = DemoMonth(
            county_code=county_code_of(options["county"]),
            month=month,
            tell=lambda line: self.stdout.write(f"  [{time.monotonic() - started:5.1f} 秒] {line}"),
        )
        try:
            before = walk.state()
            if before is not None and before.done:
                self._already(before, options["out"])
                return
            self._finished(walk.walk(), options["out"])
        except DomainError as problem:
            raise CommandError(problem.message) from None
        except DecryptionFailed as problem:
            raise CommandError(f"读不出加密的姓名, 请检查字段密钥的配置: {problem}") from None
        self.stdout.write(f"用时 {time.monotonic() - started:.1f} 秒")

    def _already(self, state: Walk, out: Path) -> None:
        assert state.snapshot is not None
        self.stdout.write(
            f"{state.cycle.county.name} {state.cycle.month} 该月已评定, 没有改动。"
            f"核定金额 {money_text(state.snapshot.total_amount)} 元, 备份摘要 {state.snapshot.digest}"
        )
        self._leave(state, out)

    def _finished(self, state: Walk, out: Path) -> None:
        assert state.snapshot is not None
        self.stdout.write("")
        self.stdout.write(statement_table(state.snapshot))
        self.stdout.write("")
        self._leave(state, out)

    def _leave(self, state: Walk, out: Path) -> None:
        """Files whose bytes are already there stay untouched."""
        assert state.snapshot is not None
        try:
            out.mkdir(parents=True, exist_ok=True)
            for report in report_build(cycle_id=state.cycle.pk):  # intact ones are kept, lost ones come back
                _write(out / report.file_name, file_path(report.path).read_bytes())
            _write(out / "digest.txt", digest_text(state).encode())
        except OSError as problem:
            raise CommandError(f"写不到 {out}: {problem.strerror}") from None
        for name in [*(report.file_name for report in state.reports), "digest.txt"]:
            self.stdout.write(f"  {out / name}")


def statement_table(snapshot: Snapshot) -> str:
    """Statements as sealed, with rounds and outcomes, and the totals."""
    rounds: dict[int, int] = {}
    decisions = StatementDecision.objects.filter(statement__cycle_id=snapshot.cycle_id)
    for institution_id, reached in decisions.values_list("statement__institution_id", "round"):
        rounds[institution_id] = max(reached, rounds.get(institution_id, 1))
    statements = list(snapshot.statements.order_by("row_number"))
    rows = [
        [
            str(row.row_number),
            row.institution_name,
            row.township_name,
            row.grade_name,
            str(row.children_count),
            str(row.paid_children),
            str(rounds.get(row.institution_id, 1)),
            str(Statement.Outcome(row.outcome).label),
            money_text(row.total_amount),
        ]
        for row in statements
    ]
    approved = [row for row in statements if row.outcome == Statement.Outcome.APPROVED]
    excluded = [row for row in statements if row.outcome != Statement.Outcome.APPROVED]
    head = ["序号", "机构", "乡镇街道", "等级", "在托", "应补", "轮次", "结果", "金额(元)"]
    left_out = sum((row.total_amount for row in excluded), Decimal("0.00"))
    return "\n".join(
        [
            text_table(head, rows, right=(0, 4, 5, 6, 8)),
            "",
            f"核定通过 {len(approved)} 家, 在托 {sum(row.children_count for row in approved)} 人,"
            f" 应补 {sum(row.paid_children for row in approved)} 人次;"
            f" 不纳入 {len(excluded)} 家 ({money_text(left_out)} 元)",
            f"核定金额 {money_text(snapshot.total_amount)} 元, 大写: {money_in_words(snapshot.total_amount)}",
            f"备份摘要 (SM3) {snapshot.digest}",
        ]
    )


def digest_text(state: Walk) -> str:
    """What to keep apart from the database: whoever has these lines can tell whether the month was touched."""
    snapshot = state.snapshot
    assert snapshot is not None
    lines = [
        f"县(市、区)  {snapshot.county_name} {snapshot.county_code}",
        f"服务月      {snapshot.month}",
        f"核定金额    {snapshot.total_amount} 元",
        f"明细行数    {snapshot.line_count}",
        f"评定        {snapshot.header['evaluation']['by']} {snapshot.header['evaluation']['at']}",
        f"SM3         {snapshot.digest}",
        *(f"SHA-256     {report.sha256}  {report.file_name}" for report in state.reports),
    ]
    return "\n".join(lines) + "\n"


def _write(target: Path, content: bytes) -> None:
    if not target.exists() or target.read_bytes() != content:
        target.write_bytes(content)
