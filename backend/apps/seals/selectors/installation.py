"""What concerns no single sealed month: triggers, owners, months without a seal, packages and entries without a month."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.db.models import F

from backend.apps.audit.models import AuditEvent
from backend.apps.seals.domain.differences import ABSENT
from backend.apps.seals.models import LogEntry, Seal
from backend.apps.seals.ports import BackupStore, StoreError
from backend.apps.seals.selectors.findings import Finding
from backend.apps.subsidy.models import Evaluation, Snapshot
from backend.common.canonical import moment_text
from backend.common.guards import guard_faults

SEALED_TABLES = (
    *("subsidy_snapshot", "subsidy_snap_statement", "subsidy_snap_line", "subsidy_snap_adjust"),
    *("subsidy_evaluation", "seal_log", "seal_month", "seal_tree", "seal_private", "seal_erasure"),
)
_PACKAGE = re.compile(r"(?P<county>\d{12})/\d{4}/(?P=county)-(?P<month>\d{4}-\d{2})\.zip")


def defence_findings() -> Iterator[Finding]:
    """Triggers of every guarded table, and on PostgreSQL who owns the sealed ones."""
    for fault in guard_faults(connection):
        yield Finding("", "", fault.table, "触发器", "", "", "", fault.what)
    role = settings.SEAL_OWNER_ROLE
    if not role or connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_userbyid(c.relowner), pg_has_role(current_user, c.relowner, 'USAGE')"
            " FROM pg_class c WHERE c.oid = ANY (SELECT to_regclass(n) FROM unnest(%s::text[]) n) ORDER BY 1",
            [list(SEALED_TABLES)],
        )
        rows = cursor.fetchall()
    for table, owner, usable in rows:
        if owner != role:
            yield Finding("", "", table, "属主", "", role, owner, "表的属主不是封存角色")
        elif usable:
            yield Finding("", "", table, "属主", "", role, owner, "应用账号可以行使封存角色的权限")


def unsealed_findings() -> Iterator[Finding]:
    """Evaluated months without backup or seal, or opened again by hand; three queries."""
    for evaluation in Evaluation.objects.filter(cycle__snapshot__isnull=True).select_related("cycle"):
        cycle = evaluation.cycle
        yield Finding(
            *(cycle.county_id, str(cycle.month), "subsidy_snapshot", str(cycle.month), "", "有", ABSENT),
            "该月已评定, 但没有评定备份",
        )
    for snapshot in Snapshot.objects.filter(seal__isnull=True).defer("header"):
        yield Finding(
            *(snapshot.county_code, str(snapshot.month), "seal_month", str(snapshot.month), "", "有", ABSENT),
            "该月有评定备份, 但没有封存",
        )
    for evaluation in Evaluation.objects.exclude(cycle__evaluated_at=F("at")).select_related("cycle"):
        cycle = evaluation.cycle
        now = "" if cycle.evaluated_at is None else moment_text(cycle.evaluated_at)
        yield Finding(
            *(cycle.county_id, str(cycle.month), "subsidy_cycle", str(cycle.month), "evaluated_at"),
            *(moment_text(evaluation.at), now, "已评定的月份被改回未评定, 或评定时间被改动"),
        )


def log_findings() -> Iterator[Finding]:
    """Gaps in a log, and months the log or the audit log knows and the database has not; three queries."""
    sealed = set(Seal.objects.values_list("origin", "entry"))
    expected: dict[str, int] = {}
    rows = LogEntry.objects.order_by("origin", "number").values_list("origin", "number", "kind")
    for origin, number, kind in rows:
        if number != expected.get(origin, 0):
            yield Finding(
                "", "", "seal_log", f"{origin} {expected.get(origin, 0)}", "", "有", ABSENT, "年度日志缺项"
            )
        expected[origin] = number + 1
        if kind == "month" and (origin, number) not in sealed:
            yield Finding(
                *("", "", "seal_month", f"{origin} {number}", "", "有", ABSENT),
                "年度日志有该月, 数据库中没有该月的封存",
            )
    known = {(county, str(month)) for county, month in Seal.objects.values_list("county_code", "month")}
    events = AuditEvent.objects.filter(action="seals.month.sealed").order_by("id")
    for county, detail in events.values_list("county_code", "detail"):
        month = detail.get("month") if isinstance(detail, dict) else None
        if (county, month) not in known:
            yield Finding(
                *(county, str(month or ""), "seal_month", str(month or ""), "", "有", ABSENT),
                "操作审计记有该月封存, 数据库中没有该月的封存: 可能整月被删除",
            )


def unknown_packages(name: str, store: BackupStore) -> Iterator[Finding]:
    """Packages of months the database has no seal for: it was restored from an older backup, or a month was deleted."""
    known = {f"{seal.county_code} {seal.month}" for seal in Seal.objects.only("county_code", "month")}
    try:
        paths = list(store.paths(""))
    except StoreError:
        return  # a location that cannot be read is told where the package itself is read
    for path in paths:
        found = _PACKAGE.fullmatch(path)
        if found and f"{found['county']} {found['month']}" not in known:
            yield Finding(
                *(
                    found["county"],
                    found["month"],
                    "seal_month",
                    found["month"],
                    "",
                    f"{name}:{path}",
                    ABSENT,
                ),
                "备份位置有该月的封存包, 数据库中没有该月: 可能恢复了较早的备份, 或整月被删除",
            )
