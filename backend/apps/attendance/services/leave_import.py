"""Leaves from a file. One row per leave; a row that is already on record changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from backend.apps.attendance.models import Leave
from backend.apps.attendance.services.leaves import leave_problem
from backend.apps.audit.services import audit_record
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.enrolment.selectors import children_by_code, children_by_index
from backend.apps.enrolment.services.child_layout import CHILD_LAYOUT, as_child_code
from backend.apps.institutions.models import Region
from backend.apps.institutions.selectors import InstitutionUnclear, institution_directory, region_get
from backend.apps.institutions.services.institution import county_lock
from backend.apps.institutions.services.staff_import import INSTITUTION_CODE, INSTITUTION_NAME, as_id_number
from backend.common.crypto import blind_index
from backend.common.sheets import Column, ImportReport, Layout, Table, Tally, as_date, choice
from backend.common.sheets.reading import Grid

_CANCELLED = ("cancelled_by", "cancelled_at")
KINDS = {label: value for value, label in Leave.Kind.choices}
_code = next(column for column in CHILD_LAYOUT.columns if column.key == "code")

LEAVE_LAYOUT = Layout(
    kind="leaves",
    title="请假记录",
    columns=(
        replace(_code, convert=as_child_code, note="婴幼儿编号和证件号码至少填一项; 建议用编号。"),
        Column(
            "id_number", "证件号码", as_id_number, sample="330683202406010029", note="文本格式; 只用来匹配。"
        ),
        replace(INSTITUTION_NAME, sample="嵊州市示例托育中心"),
        INSTITUTION_CODE,
        Column("starts_on", "开始日期", as_date, required=True, sample="2026-10-12"),
        Column("ends_on", "结束日期", as_date, required=True, sample="2026-10-14", note="当天仍在假期内。"),
        Column("kind", "类型", choice(KINDS), sample="病假", note="事假、病假或其他; 不填按 其他。"),
    ),
)


def leaves_import(
    *,
    grid: Grid,
    county_code: str,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    progress: Callable[[int], None] | None = None,
    actor: Any = None,
) -> ImportReport:
    """Key: child, institution, first day. Rows that overlap another leave in force are refused one by one."""
    county = region_get(code=county_code, level=Region.Level.COUNTY)
    tally = Tally()
    table = Table.of(LEAVE_LAYOUT, grid, tally)
    if table is not None:
        with transaction.atomic():
            county_lock(county.code)
            create, update = _plan(table, county, tally, actor)
            if not dry_run and not (all_or_nothing and tally.has_errors):
                Leave.objects.bulk_create(create, batch_size=1_000)
                for leave in update:
                    leave.save(update_fields=["ends_on", "kind", "recorded_by", "recorded_at", *_CANCELLED])
                if create or update:
                    audit_record(
                        actor=actor,
                        action="attendance.leave.imported",
                        target=county,
                        county=county,
                        detail={"created": tally.created, "updated": tally.updated, "rows": tally.rows},
                    )
    if progress is not None:
        progress(tally.rows)
    return tally.report(
        title=LEAVE_LAYOUT.title, form=grid.form, dry_run=dry_run, all_or_nothing=all_or_nothing
    )


class _Known:
    """Leaves and enrolments of the file's children, read once."""

    def __init__(self, child_ids: set[int], county: Region) -> None:
        self.leaves: dict[tuple[int, int], list[Leave]] = {}
        for leave in Leave.objects.filter(child_id__in=child_ids, institution__county=county):
            self.leaves.setdefault((leave.child_id, leave.institution_id), []).append(leave)
        self.spans: dict[tuple[int, int], list[tuple[date, date]]] = {}
        rows = Enrolment.objects.filter(child_id__in=child_ids, institution__county=county)
        for child, pk, starts_on, ends_on in rows.values_list(
            "child_id", "institution_id", "starts_on", "ends_on"
        ):
            self.spans.setdefault((child, pk), []).append((starts_on, ends_on or date.max))

    def problem(self, key: tuple[int, int], starts_on: date, ends_on: date) -> str:
        if not any(first <= ends_on and last >= starts_on for first, last in self.spans.get(key, ())):
            return "该婴幼儿这段时间不在该机构在托"
        for leave in self.leaves.get(key, ()):
            apart = leave.ends_on < starts_on or leave.starts_on > ends_on
            if not apart and leave.cancelled_at is None and leave.starts_on != starts_on:
                return f"与 {leave.starts_on} 至 {leave.ends_on} 的请假重叠"
        return leave_problem(starts_on, ends_on)


def _plan(table: Table, county: Region, tally: Tally, actor: Any) -> tuple[list[Leave], list[Leave]]:
    directory = institution_directory(county_code=county.code)
    rows = list(table.rows(tally))
    by_code = children_by_code(row["code"] for _, row in rows if row["code"])
    by_index = children_by_index(
        blind_index("id_number", row["id_number"].value) for _, row in rows if row["id_number"]
    )
    children = {child.pk for child in (*by_code.values(), *by_index.values())}
    known = _Known(children, county)
    create: list[Leave] = []
    update: list[Leave] = []
    for number, row in rows:
        child = _child(row, by_code, by_index)
        if child is None:
            tally.error(number, "婴幼儿编号", "没有找到这名婴幼儿, 请核对编号或证件号码")
            continue
        try:
            institution_id = directory.find(
                name=row["institution_name"] or "", credit_code=row["credit_code"] or ""
            )
        except InstitutionUnclear as problem:
            tally.error(number, "机构名称", str(problem))
            continue
        key = child.pk, institution_id
        if reason := known.problem(key, row["starts_on"], row["ends_on"]):
            tally.error(number, "开始日期", reason)
            continue
        kind = row["kind"] or Leave.Kind.OTHER.value
        kept = known.leaves.setdefault(key, [])
        same = next((leave for leave in kept if leave.starts_on == row["starts_on"]), None)
        if same is not None and (same.ends_on, same.kind, same.cancelled_at) == (row["ends_on"], kind, None):
            tally.unchanged += 1
            continue
        leave = same or Leave(child_id=child.pk, institution_id=institution_id, starts_on=row["starts_on"])
        leave.ends_on, leave.kind, leave.recorded_by, leave.recorded_at = (
            row["ends_on"], kind, actor, timezone.now(),
        )  # fmt: skip  # one value per field
        leave.cancelled_by = leave.cancelled_at = None
        if same is None:
            create.append(leave)
            kept.append(leave)
            tally.created += 1
        elif same.pk is not None:
            update.append(leave)
            tally.updated += 1
    return create, update


def _child(row: Any, by_code: dict[str, Child], by_index: dict[str, Child]) -> Child | None:
    if row["code"]:
        return by_code.get(row["code"])
    if row["id_number"]:
        return by_index.get(blind_index("id_number", row["id_number"].value))
    return None
