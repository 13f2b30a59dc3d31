"""manage.py demo_seed: a believable invented county with one month of punches, for trying things out.

It stands in this room because it is the lowest one above all apps that has commands; the data are made in backend/demo.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.common.errors import DomainError
from backend.common.service_month import ServiceMonth
from backend.common.sheets.command import county_code_of
from backend.demo.build import DemoSummary, demo_build
from backend.demo.people import PASSWORD


class Command(BaseCommand):
    help = "写入演示县: 虚构的机构、婴幼儿、账号和一个月的打卡"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--county", default="330683", help="县(市、区)代码, 默认 %(default)s")
        parser.add_argument("--month", default="2026-10", help="服务月, 默认 %(default)s")
        parser.add_argument("--seed", type=int, default=1, help="随机种子; 相同种子得到相同数据")
        parser.add_argument("--scale", default="1", help="规模倍数, 1 约 3,000 名婴幼儿; 最多 20")
        parser.add_argument("--out", type=Path, metavar="FILE", help="有意埋入的异常清单(JSON)写到这里")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SESSION_COOKIE_SECURE:  # set in the production edition only
            raise CommandError("生产环境不能写入演示数据: 演示账号的密码是公开的")
        started = time.monotonic()
        county_code = county_code_of(options["county"])
        try:
            month = ServiceMonth.parse(options["month"])
            scale = Decimal(options["scale"])
        except ValueError as problem:
            raise CommandError(str(problem)) from None
        except InvalidOperation:
            raise CommandError("规模倍数应为数字, 例如 0.1 或 2") from None
        if not (scale.is_finite() and 0 < scale <= 20):
            raise CommandError("规模倍数应大于 0, 最多 20")
        try:
            summary = demo_build(
                county_code=county_code,
                month=month,
                seed=options["seed"],
                scale=scale,
                progress=lambda line: self.stdout.write(f"  [{time.monotonic() - started:5.1f} 秒] {line}"),
            )
        except DomainError as problem:
            raise CommandError(problem.message) from None
        if not summary.created:
            self.stdout.write("演示数据已存在, 没有改动。要重新开始请执行 make reset-demo。")
            return
        self._report(summary, options["out"], county_code[:6], month, started)

    def _report(
        self, summary: DemoSummary, out: Path | None, county: str, month: ServiceMonth, started: float
    ) -> None:
        target = out or Path(settings.MEDIA_ROOT).parent / "demo" / f"planted_{county}_{month}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(summary.planted, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        self.stdout.write(
            f"演示县已写入: 机构 {summary.institutions} 家, 从业人员 {summary.staff} 人, "
            f"婴幼儿 {summary.children} 名, 在托登记 {summary.enrolments} 条, 打卡 {summary.punches:,} 条, "
            f"日考勤 {summary.attendance_days:,} 条, 头像 {summary.photos} 张, 账号 {summary.users} 个"
        )
        self.stdout.write(f"有意埋入的异常清单: {target}")
        self.stdout.write(f"账号密码均为 {PASSWORD}; 用时 {time.monotonic() - started:.1f} 秒")
