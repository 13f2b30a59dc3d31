"""Staff from a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import transaction

from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Region, Staff
from backend.apps.institutions.selectors import InstitutionUnclear, institution_directory, region_get
from backend.apps.institutions.services.institution import county_lock
from backend.apps.institutions.services.institution_layout import CREDIT_CODE, NAME
from backend.apps.institutions.services.staff import staff_check, staff_fill
from backend.common import id_number
from backend.common.crypto import blind_index
from backend.common.sheets import Column, ImportReport, Layout, Table, Tally, as_date, as_phone, as_text
from backend.common.sheets.cells import CellInvalid, Raw, as_identifier
from backend.common.sheets.reading import Grid


def as_id_number(raw: Raw) -> id_number.IdNumber:
    """Cell function for 证件号码."""
    try:
        return id_number.parse(as_identifier(raw, what="证件号码"))
    except id_number.IdNumberInvalid as problem:
        raise CellInvalid(str(problem)) from None


INSTITUTION_NAME = replace(
    NAME,
    key="institution_name",
    required=False,
    note="机构名称和统一社会信用代码至少填一项; 有园区时必须填名称。",
)
INSTITUTION_CODE = replace(CREDIT_CODE, wanted=False, note="几个园区共用时, 必须同时填机构名称。")

STAFF_LAYOUT = Layout(
    kind="staff",
    title="从业人员",
    columns=(
        INSTITUTION_NAME,
        INSTITUTION_CODE,
        Column("name", "姓名", partial(as_text, longest=40), required=True, sample="示例", note="加密保存。"),
        Column(
            "id_number",
            "证件号码",
            as_id_number,
            required=True,
            sample="11010519491231002X",
            note="18 位公民身份号码, 文本格式; 加密保存。",
        ),
        Column("phone", "手机号码", as_phone, sample="13800000000", note="加密保存。"),
        Column(
            "position",
            "岗位",
            partial(as_text, longest=32),
            required=True,
            sample="保育人员",
            note="如 负责人、保育人员、保健人员。",
        ),
        Column("starts_on", "入职日期", as_date, required=True, sample="2026-01-01"),
        Column("ends_on", "离职日期", as_date, note="仍在职的留空。"),
    ),
)


def staff_import(
    *,
    grid: Grid,
    county_code: str,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    progress: Callable[[int], None] | None = None,
    actor: Any = None,
) -> ImportReport:
    """Create or change staff. Key: institution, ID number, first day; blank cells leave stored values alone."""
    county = region_get(code=county_code, level=Region.Level.COUNTY)
    tally = Tally()
    table = Table.of(STAFF_LAYOUT, grid, tally)
    if table is not None:
        with transaction.atomic():
            county_lock(county.code)
            create, update = _plan(table, county, tally)
            if not dry_run and not (all_or_nothing and tally.has_errors):
                Staff.objects.bulk_create(create)
                for staff, changed in update:
                    staff.save(update_fields=sorted(changed))
                if create or update:
                    audit_record(
                        actor=actor,
                        action="institutions.staff.imported",
                        target=county,
                        county=county,
                        detail={"created": tally.created, "updated": tally.updated, "rows": tally.rows},
                    )
    if progress is not None:
        progress(tally.rows)
    return tally.report(title="从业人员", form=grid.form, dry_run=dry_run, all_or_nothing=all_or_nothing)


def _plan(table: Table, county: Region, tally: Tally) -> tuple[list[Staff], list[tuple[Staff, set[str]]]]:
    directory = institution_directory(county_code=county.code)
    known = {
        (staff.institution_id, staff.id_number_index, staff.starts_on): staff
        for staff in Staff.objects.filter(institution__county=county)
    }
    create: list[Staff] = []
    update: list[tuple[Staff, set[str]]] = []
    seen: dict[tuple[int, str, Any], int] = {}
    for number, row in table.rows(tally):
        try:
            institution_id = directory.find(
                name=row["institution_name"] or "", credit_code=row["credit_code"] or ""
            )
        except InstitutionUnclear as problem:
            tally.error(number, "机构名称", str(problem))
            continue
        person: id_number.IdNumber = row["id_number"]
        key = (institution_id, blind_index("id_number", person.value), row["starts_on"])
        if key in seen:
            tally.error(number, "证件号码", f"与第 {seen[key]} 行重复")
            continue
        seen[key] = number
        found = known.get(key)
        staff = (
            Staff(institution_id=institution_id, id_number=person.value, starts_on=row["starts_on"])
            if found is None
            else found
        )
        changed = staff_fill(staff, row)
        for name, reason in staff_check(
            born=person.birth_date, starts_on=row["starts_on"], ends_on=staff.ends_on
        ).items():
            tally.error(number, STAFF_LAYOUT.name_of(name), reason)
        if tally.is_bad(number):
            continue
        if found is None:
            create.append(staff)
            tally.created += 1
        elif changed:
            update.append((staff, changed))
            tally.updated += 1
        else:
            tally.unchanged += 1
    return create, update
