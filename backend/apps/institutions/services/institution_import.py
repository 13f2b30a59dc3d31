"""Institutions from a file: the register as it is published, or the template with grade, 普惠, places and fees added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import transaction

from backend.apps.audit.services import audit_record
from backend.apps.institutions.domain import credit_code
from backend.apps.institutions.models import (
    AffordableStatus,
    CareMode,
    ClassType,
    Grade,
    Institution,
    InstitutionFee,
    InstitutionGrade,
    InstitutionPlaces,
    Region,
)
from backend.apps.institutions.selectors import region_get, townships_by_code
from backend.apps.institutions.selectors.directory import name_key
from backend.apps.institutions.services.dated import Places, put
from backend.apps.institutions.services.institution import check, county_lock, fill, setting_of
from backend.apps.institutions.services.institution_layout import INSTITUTION_LAYOUT
from backend.common.sheets import ImportReport, Table, Tally
from backend.common.sheets.reading import Grid

TOWNSHIP_MISSING = "乡镇街道待补"
_FORM_OF_CATEGORY = {
    "12": Institution.LegalForm.PUBLIC,
    "52": Institution.LegalForm.NONPROFIT,
    "91": Institution.LegalForm.FOR_PROFIT,
    "92": Institution.LegalForm.FOR_PROFIT,
    "93": Institution.LegalForm.FOR_PROFIT,
}
Dated = InstitutionGrade | AffordableStatus | InstitutionPlaces | InstitutionFee
D = TypeVar("D", InstitutionGrade, AffordableStatus, InstitutionPlaces, InstitutionFee)


@dataclass(slots=True)
class _Known:
    """What the county already has, read once."""

    county: Region
    townships: dict[str, Region]
    grades: dict[str, Grade]
    by_name: dict[str, list[Institution]]
    dated: dict[type[Dated], dict[int | None, list[Any]]]

    @classmethod
    def read(cls, county: Region) -> _Known:
        by_name: dict[str, list[Institution]] = defaultdict(list)
        for institution in Institution.objects.filter(county=county).order_by("pk"):
            by_name[name_key(institution.name)].append(institution)
        dated: dict[type[Dated], dict[int | None, list[Any]]] = {}
        for model in (InstitutionGrade, AffordableStatus, InstitutionPlaces, InstitutionFee):
            rows = dated[model] = defaultdict(list)
            for row in model.objects.filter(institution__county=county):
                rows[row.institution_id].append(row)
        return cls(
            county=county,
            townships=townships_by_code(county_code=county.code),
            grades={key: g for g in Grade.objects.all() for key in (g.name, g.code)},
            by_name=by_name,
            dated=dated,
        )


@dataclass(slots=True)
class _Plan:
    """What to write, decided before anything is written."""

    create: list[Institution] = field(default_factory=list)
    update: list[tuple[Institution, set[str]]] = field(default_factory=list)
    dated: list[tuple[Institution, Dated]] = field(default_factory=list)


def institutions_import(
    *,
    grid: Grid,
    county_code: str,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    progress: Callable[[int], None] | None = None,
    actor: Any = None,
) -> ImportReport:
    """Create or change the county's institutions. Blank cells leave stored values alone; nothing is ever deleted."""
    county = region_get(code=county_code, level=Region.Level.COUNTY)
    tally = Tally()
    table = Table.of(INSTITUTION_LAYOUT, grid, tally)
    if table is not None:
        with transaction.atomic():
            county_lock(county.code)
            plan = _plan(table, _Known.read(county), tally)
            if not dry_run and not (all_or_nothing and tally.has_errors):
                _write(plan)
                if plan.create or plan.update or plan.dated:
                    audit_record(
                        actor=actor,
                        action="institutions.institution.imported",
                        target=county,
                        county=county,
                        detail={"created": tally.created, "updated": tally.updated, "rows": tally.rows},
                    )
    if progress is not None:
        progress(tally.rows)
    return tally.report(title="托育机构", form=grid.form, dry_run=dry_run, all_or_nothing=all_or_nothing)


def _plan(table: Table, known: _Known, tally: Tally) -> _Plan:
    plan = _Plan()
    seen: dict[tuple[str, str], int] = {}
    for number, row in table.rows(tally):
        key = (name_key(row["name"]), row["credit_code"] or "")
        if key in seen:
            tally.error(number, "机构名称", f"与第 {seen[key]} 行重复")
            continue
        seen[key] = number
        _check_code(number, row, tally)
        if tally.is_bad(number):
            continue
        institution, is_new = _match(number, row, known, tally)
        if institution is None:
            continue
        values = {name: row[name] for name in row if name not in ("region_code", "grade", "affordable")}
        values["township"] = _township(number, row["region_code"], known, tally, institution)
        if is_new:
            values["setting"] = row["setting"] or setting_of(row["name"])
        changed = fill(institution, values)
        dated = _dated(number, row, institution, known, tally)
        for name, reason in check(institution).items():
            tally.error(number, _column_of(name), reason)
        if tally.is_bad(number):
            continue
        if is_new:
            plan.create.append(institution)
            tally.created += 1
        elif changed or dated:
            if changed:
                plan.update.append((institution, changed))
            tally.updated += 1
        else:
            tally.unchanged += 1
        plan.dated += [(institution, row) for row in dated]
    return plan


def _column_of(name: str) -> str:
    key = {"township": "region_code"}.get(name, name)
    return INSTITUTION_LAYOUT.name_of(key)


def _match(number: int, row: dict[str, Any], known: _Known, tally: Tally) -> tuple[Institution | None, bool]:
    code = row["credit_code"] or ""
    named = known.by_name.get(name_key(row["name"]), [])
    exact = [i for i in named if i.credit_code == code] or [i for i in named if not i.credit_code or not code]
    if len(exact) == 1:
        return exact[0], False
    if exact:
        tally.error(number, "机构名称", f"有 {len(exact)} 家机构同名, 请加填统一社会信用代码")
        return None, False
    if named:
        tally.error(
            number, "统一社会信用代码", "同名机构已登记另一个统一社会信用代码; 如是新的园区, 请在名称中写明"
        )
        return None, False
    return Institution(county=known.county, name=row["name"], credit_code=code), True


def _check_code(number: int, row: dict[str, Any], tally: Tally) -> None:
    """A wrong code is common in the national register: it is reported, and the institution still comes in."""
    code = row["credit_code"]
    if not code:
        tally.remark(number, "统一社会信用代码", "没有统一社会信用代码")
        return
    if len(code) > credit_code.LENGTH:
        tally.error(number, "统一社会信用代码", f"超过 {credit_code.LENGTH} 位")
        return
    try:
        credit_code.verify(code)
    except credit_code.CreditCodeInvalid as problem:
        tally.remark(number, "统一社会信用代码", f"{problem}, 已按所填保存")
        return
    expected = _FORM_OF_CATEGORY.get(code[:2])
    if row["legal_form"] and expected and row["legal_form"] != expected:
        tally.remark(number, "机构类型", "与统一社会信用代码的登记类别不一致, 已按所填保存")


def _township(
    number: int, code: str | None, known: _Known, tally: Tally, institution: Institution
) -> Region | None:
    """None keeps what is stored. A county code alone is accepted: somebody supplies the township later."""
    if not code or code.ljust(12, "0") == known.county.code:
        if institution.township_id is None:
            tally.remark(number, "区域编号", TOWNSHIP_MISSING)
        return None
    found = known.townships.get(code.ljust(12, "0"))
    if found is None:
        reason = (
            f"不是{known.county.name}的乡镇街道代码"
            if code.startswith(known.county.code[:6])
            else f"不属于{known.county.name}"
        )
        tally.error(number, "区域编号", reason)
    return found


def _dated(
    number: int, row: dict[str, Any], institution: Institution, known: _Known, tally: Tally
) -> list[Dated]:
    """Dated rows that must be saved; `institution_id` of a new institution follows when it is written."""
    changed: list[Dated] = []
    pk = institution.pk

    def add(model: type[D], key: dict[str, Any], values: dict[str, Any]) -> None:
        rows: Iterable[D] = known.dated[model][pk] if pk else ()
        result, is_changed = put(rows, {"institution_id": pk, **key}, values, model)
        if is_changed:
            changed.append(result)

    def since(key: str) -> Any:
        if row[key] is None:
            tally.error(number, INSTITUTION_LAYOUT.name_of(key), "必填: 本行填了由这一天起生效的内容")
        return row[key]

    if row["grade"] is not None and since("grade_from"):
        grade = known.grades.get(row["grade"])
        if grade is None:
            names = "、".join(name for name, g in known.grades.items() if name == g.name)
            tally.error(number, "等级", f"应为 {names} 之一")
        else:
            values = {"grade_id": grade.pk, "document_number": row["grade_document"] or ""}
            add(InstitutionGrade, {"starts_on": row["grade_from"]}, values)
    if row["affordable"] is not None and since("affordable_from"):
        values = {"affordable": row["affordable"], "document_number": row["affordable_document"] or ""}
        add(AffordableStatus, {"starts_on": row["affordable_from"]}, values)
    for class_type in ClassType.values:
        if row[f"places_{class_type}"] is None:
            if row[f"affordable_{class_type}"] is not None:
                tally.error(number, _column_of(f"places_{class_type}"), "填了普惠托位数就要填托位数")
            continue
        places = Places(class_type, row[f"places_{class_type}"], row[f"affordable_{class_type}"] or 0)
        if reason := places.reason():
            tally.error(number, _column_of(f"affordable_{class_type}"), reason)
        elif since("places_from"):
            values = {"places": places.places, "affordable_places": places.affordable_places}
            add(InstitutionPlaces, {"class_type": class_type, "starts_on": row["places_from"]}, values)
    for care_mode in CareMode.values:
        if row[f"fee_{care_mode}"] is not None and since("fee_from"):
            values = {
                "monthly_fee": row[f"fee_{care_mode}"],
                "document_number": row["fee_document"] or "",
            }
            add(InstitutionFee, {"care_mode": care_mode, "starts_on": row["fee_from"]}, values)
    return changed


def _write(plan: _Plan) -> None:
    Institution.objects.bulk_create(plan.create)
    for institution, changed in plan.update:
        institution.save(update_fields=sorted(changed))
    new: dict[type[Dated], list[Any]] = defaultdict(list)
    for institution, row in plan.dated:
        if not row.pk:
            row.institution_id = institution.pk
            new[type(row)].append(row)
        else:
            row.save()
    for model, rows in new.items():
        model.objects.bulk_create(rows)
