"""manage.py attendance_refold: the nightly comparison of attendance days with the punches, for cron or a timer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backend.apps.attendance.services import attendance_month_fold, attendance_refold
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth


class Command(BaseCommand):
    help = "核对日考勤与打卡并重算日考勤、采集状态和月考勤; 默认上月和本月、所有有机构的县(市、区)"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--county", help="县(市、区)代码, 6 位或 12 位")
        parser.add_argument("--month", help="服务月, 例如 2026-10")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            months = [ServiceMonth.parse(options["month"])] if options["month"] else _recent()
        except ValueError as error:
            raise CommandError(str(error)) from None
        behind = 0
        for county_code in _counties(options["county"]):
            for month in months:
                found = attendance_refold(county_code=county_code, month=month)
                months_found = attendance_month_fold(county_code=county_code, month=month)
                behind += not found.was_current
                self.stdout.write(
                    f"{county_code} {month}: 打卡 {found.punches} 条, 日考勤原计入 {found.punches_kept_before} 条"
                    f" · 日考勤 {found.days_before} → {found.days_after} 行"
                    f" (删 {found.fold.days_removed}, 写 {found.fold.days_written})"
                    f" · 采集状态变动 {found.fold.feed_days_changed} 行"
                    f" · 月考勤变动 {months_found.created + months_found.updated + months_found.removed} 行"
                )
        if behind:
            self.stderr.write(f"有 {behind} 个县月的日考勤落后于打卡, 已补齐; 请查找没有汇总的写入途径")


def _recent() -> list[ServiceMonth]:
    this = ServiceMonth.of(timezone.localdate())
    return [this.previous(), this]


def _counties(code: str | None) -> list[str]:
    known = sorted(set(Institution.objects.values_list("county_id", flat=True)))
    if code is None:
        return known
    full = code.ljust(12, "0")
    if full not in known:
        raise CommandError(f"没有属于 {code} 的机构")
    return [full]
