"""试算沙盘 on the command line: past months under a draft or another version. Writes nothing."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.apps.institutions.models import Grade, Institution
from backend.apps.subsidy.domain.compare import Group
from backend.apps.subsidy.models import MonthlyCycle, Scheme
from backend.apps.subsidy.selectors.facts import key_of
from backend.apps.subsidy.services import Replay, scheme_replay
from backend.common.errors import DomainError
from backend.common.money import money_text
from backend.common.service_month import ServiceMonth


class Command(BaseCommand):
    help = "用另一个方案(草稿或版本)重算过去的月份, 看谁增谁减; 只读, 不写入任何数据"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("county", help="县代码, 如 330683")
        parser.add_argument("scheme", help="方案代码, 或 代码@版本; 不写版本取最新")
        parser.add_argument("months", nargs="*", help="月份, 如 2026-10; 不写取全部已评定的月份")
        parser.add_argument("--json", action="store_true", help="输出 JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        county = options["county"].ljust(12, "0")
        scheme = self._scheme(county, options["scheme"])
        try:
            months = [ServiceMonth.parse(text) for text in options["months"]] or self._evaluated(county)
            replay = scheme_replay(scheme=scheme, months=months)
        except ValueError as error:
            raise CommandError(str(error)) from error
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps(as_json(replay), ensure_ascii=False, indent=1))
        else:
            self._print(scheme, replay)

    def _scheme(self, county: str, text: str) -> Scheme:
        code, _, version = text.partition("@")
        rows = Scheme.objects.filter(county_id=county, code=code).order_by("-version")
        if version:
            if not (version.isascii() and version.isdigit()):
                raise CommandError(f"版本应为数字: {version}")
            rows = rows.filter(version=int(version))
        scheme = rows.first()
        if scheme is None:
            raise CommandError(f"没有找到方案 {text} (县 {county})")
        return scheme

    def _evaluated(self, county: str) -> list[ServiceMonth]:
        rows = MonthlyCycle.objects.filter(county_id=county, evaluated_at__isnull=False).order_by("-month")
        found = list(rows.values_list("month", flat=True)[:12])
        if not found:
            raise CommandError("还没有已评定的月份, 请写明月份")
        return found

    def _print(self, scheme: Scheme, replay: Replay) -> None:
        self.stdout.write(f"{scheme.name} {scheme.code}@{scheme.version} ({scheme.get_state_display()})")
        self._row("月份", "人月", "变动", "原金额", "试算金额", "增加", "减少")
        for month in replay.months:
            self._group(str(month.month), month.comparison.total)
            if month.drift:
                self.stdout.write(
                    f"    其中 {month.drift} 行的现有考勤与当时计算的不同(迟到数据), 比较以现有考勤为准"
                )
        self._group("合计", replay.total)
        if replay.blocked_after:
            self.stdout.write(
                f"试算中有 {replay.blocked_after} 行须先处置(无适用标准或缺资料), 按 0 元列入合计"
            )
        grades = dict(Grade.objects.values_list("code", "name"))
        self.stdout.write("\n按等级")
        for group in replay.by_grade:
            self._group(grades.get(group.key, group.key), group)
        names = {key_of(pk): name for pk, name in Institution.objects.values_list("pk", "name")}
        self.stdout.write("\n按机构(只列有变动的)")
        for group in replay.by_institution:
            if group.changed:
                self._group(names.get(group.key, group.key), group)
        self.stdout.write("\n每行变动的分布")
        for label, count in replay.distribution:
            if count:
                self.stdout.write(f"  {label}: {count} 行")

    def _group(self, name: str, g: Group) -> None:
        money = [money_text(x) for x in (g.before, g.after, g.gain, g.loss)]
        self._row(name, str(g.lines), str(g.changed), *money)

    def _row(self, name: str, *cells: str) -> None:
        self.stdout.write("  ".join([*(f"{c:>12}" for c in cells), name]))


def as_json(replay: Replay) -> dict[str, Any]:
    """Money as strings; institutions by id."""

    def group(g: Group) -> dict[str, Any]:
        return {
            "key": g.key.lstrip("0") if g.key.isdigit() else g.key,
            "lines": g.lines,
            "changed": g.changed,
            **{name: str(getattr(g, name)) for name in ("before", "after", "gain", "loss", "difference")},
        }

    return {
        "scheme_id": replay.scheme_id,
        "months": [
            {
                "month": str(m.month),
                "evaluated": m.evaluated,
                "drift": m.drift,
                "stored_total": None if m.stored_total is None else str(m.stored_total),
                **group(m.comparison.total),
            }
            for m in replay.months
        ],
        "total": group(replay.total),
        "by_institution": [group(g) for g in replay.by_institution],
        "by_grade": [group(g) for g in replay.by_grade],
        "distribution": dict(replay.distribution),
        "blocked_before": replay.blocked_before,
        "blocked_after": replay.blocked_after,
    }
