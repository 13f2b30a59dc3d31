"""The embedded runner: jobs of the flows and the outbox, without a broker."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandParser

from workflows.runner import run_pending


class Command(BaseCommand):
    help = "运行后台作业与消息发送 (嵌入版); 不带参数时一直运行, 直到收到停止信号"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="只运行一轮")
        parser.add_argument("--until-idle", action="store_true", help="运行到没有未完成的作业为止")
        parser.add_argument("--timeout", type=float, help="最多运行多少秒")

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(
            tags=[Tags.database], databases=["default"]
        )  # refuses to run processes the code does not know
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        summary = run_pending(
            once=options["once"], until_idle=options["until_idle"], timeout=options["timeout"], stop=stop
        )
        counted = ", ".join(f"{name} {count}" for name, count in sorted(summary.jobs.items())) or "0"
        self.stdout.write(f"作业: {counted}; 送达: {summary.delivered}; 汇合: {summary.joined}")
        if summary.failed:
            self.stderr.write(f"出错的作业: {', '.join(summary.failed)}")
