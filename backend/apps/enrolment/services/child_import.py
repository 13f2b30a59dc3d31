"""Children and enrolments from a file, one row per enrolment, decided in memory and written in bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction

from backend.apps.audit.services import audit_record
from backend.apps.enrolment.domain.rules import (
    Period,
    enrolment_errors,
    enrolment_remarks,
    first_overlap,
    identity_errors,
)
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.enrolment.selectors import children_by_code, children_by_index
from backend.apps.enrolment.services.child import child_fill, new_codes
from backend.apps.enrolment.services.child_layout import CHILD_LAYOUT
from backend.apps.enrolment.services.enrolment import enrolment_fill, overlap_reason
from backend.apps.institutions.models import Region
from backend.apps.institutions.selectors import InstitutionUnclear, institution_directory, region_get
from backend.apps.institutions.services.institution import county_lock
from backend.common import id_number as id_numbers
from backend.common.crypto import blind_index
from backend.common.sheets import ImportReport, Table, Tally
from backend.common.sheets.reading import Grid

_PERSON = ("name", "sex", "birth_date", "local_registration", "guardian_name", "guardian_phone")


@dataclass(slots=True)
class _Person:
    """One child of the file. `row` is where it was first met; `said` is what that row said."""

    child: Child
    is_new: bool
    row: int
    said: dict[str, Any]


@dataclass(slots=True)
class _Row:
    number: int
    values: dict[str, Any]
    person: _Person
    institution_id: int
    found: Enrolment | None

    @property
    def group(self) -> tuple[int, int]:
        return id(self.person), self.institution_id

    @property
    def period(self) -> Period:
        kept = self.found.ends_on if self.found is not None else None
        return Period(self.values["starts_on"], self.values["ends_on"] or kept)


@dataclass(slots=True)
class _Plan:
    new_children: dict[int, Child] = field(default_factory=dict)
    changed_children: dict[int, tuple[Child, set[str]]] = field(default_factory=dict)
    new_enrolments: list[tuple[Enrolment, Child]] = field(default_factory=list)
    changed_enrolments: list[tuple[Enrolment, set[str]]] = field(default_factory=list)


def children_import(
    *,
    grid: Grid,
    county_code: str,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    progress: Callable[[int], None] | None = None,
    actor: Any = None,
) -> ImportReport:
    """Create or change children and their enrolments at the county's institutions.

    A child is found by identity number, else by code. Blank cells leave stored values alone; nothing is deleted.
    """
    county = region_get(code=county_code, level=Region.Level.COUNTY)
    tally = Tally()
    table = Table.of(CHILD_LAYOUT, grid, tally)
    if table is not None:
        with transaction.atomic():
            county_lock(county.code)
            plan = _plan(table, county, tally)
            if not dry_run and not (all_or_nothing and tally.has_errors):
                _write(plan)
                if tally.created or tally.updated:
                    audit_record(
                        actor=actor,
                        action="enrolment.child.imported",
                        target=county,
                        county=county,
                        detail={"created": tally.created, "updated": tally.updated, "rows": tally.rows},
                    )
    if progress is not None:
        progress(tally.rows)
    return tally.report(
        title=CHILD_LAYOUT.title, form=grid.form, dry_run=dry_run, all_or_nothing=all_or_nothing
    )


def _plan(table: Table, county: Region, tally: Tally) -> _Plan:
    rows = list(_match(list(table.rows(tally)), county, tally))
    _refuse_overlaps(rows, tally)
    good = [row for row in rows if not tally.is_bad(row.number)]
    plan = _Plan()
    for row in good:
        _settle(row, plan, tally)
    _remark_elsewhere(good, tally)
    return plan


def _match(raw: list[tuple[int, dict[str, Any]]], county: Region, tally: Tally) -> Iterator[_Row]:
    """Rows with their child, institution and existing enrolment; whatever contradicts itself is reported."""
    directory = institution_directory(county_code=county.code)
    indexes = {
        values["id_number"].value: blind_index("id_number", values["id_number"].value)
        for _, values in raw
        if values["id_number"] is not None
    }
    by_index = children_by_index(indexes.values())
    by_code = children_by_code(values["code"] for _, values in raw if values["code"] is not None)
    known_ids = {child.pk for child in (*by_index.values(), *by_code.values())}
    enrolments = {(e.child_id, e.institution_id, e.starts_on): e for e in _enrolments_of(known_ids)}
    persons: dict[str, _Person] = {}
    seen: dict[tuple[int, int, date], int] = {}
    for number, values in raw:
        try:
            institution_id = directory.find(
                name=values["institution_name"] or "", credit_code=values["credit_code"] or ""
            )
        except InstitutionUnclear as problem:
            tally.error(number, "机构名称", str(problem))
            continue
        index = indexes[values["id_number"].value] if values["id_number"] is not None else ""
        person = _person(number, values, index, by_index, by_code, persons, tally)
        if person is None:
            continue
        key = (id(person), institution_id, values["starts_on"])
        if key in seen:
            tally.error(number, "入托日期", f"与第 {seen[key]} 行是同一次在托登记")
            continue
        seen[key] = number
        found = enrolments.get((person.child.pk, institution_id, values["starts_on"]))
        born, ends_on = person.child.birth_date, values["ends_on"] or (found.ends_on if found else None)
        for name, reason in enrolment_errors(
            born=born, starts_on=values["starts_on"], ends_on=ends_on
        ).items():
            tally.error(number, CHILD_LAYOUT.name_of(name), reason)
        for name, reason in enrolment_remarks(born=born, starts_on=values["starts_on"]).items():
            tally.remark(number, CHILD_LAYOUT.name_of(name), reason)
        if not tally.is_bad(number):
            yield _Row(number, values, person, institution_id, found)


def _person(
    number: int,
    values: dict[str, Any],
    index: str,
    by_index: dict[str, Child],
    by_code: dict[str, Child],
    persons: dict[str, _Person],
    tally: Tally,
) -> _Person | None:
    """The child of a row: known to the database, met in an earlier row, or new. None after a contradiction."""
    code = values["code"] or ""
    if not index and not code:
        tally.error(number, "证件号码", "证件号码和婴幼儿编号至少填一项")
        return None
    child = by_index.get(index) or by_code.get(code)
    met = persons.get(index or code) or persons.get(code)
    if child is not None and (
        (code and child.code != code) or (index and child.id_number_index not in (None, index))
    ):
        tally.error(number, "婴幼儿编号", "婴幼儿编号与证件号码属于不同的婴幼儿")
        return None
    said = _said(number, values, child if child is not None else (met.child if met else None), tally)
    if said is None:
        return None
    if met is not None:
        for name in _PERSON:
            if said[name] is not None and met.said[name] is not None and said[name] != met.said[name]:
                tally.error(number, CHILD_LAYOUT.name_of(name), f"与第 {met.row} 行的同一名婴幼儿不一致")
        if tally.is_bad(number):
            return None
        met.said |= {name: value for name, value in said.items() if met.said[name] in (None, "")}
        return met
    is_new = child is None
    if child is None:
        child = Child(code=code, name=said["name"], birth_date=said["birth_date"], sex=said["sex"])
        if not index:
            tally.remark(number, "证件号码", "没有证件号码, 无法与其他机构的登记比对")
    person = _Person(child, is_new, number, said)
    for key in {index or code, code or index}:
        persons[key] = person
    return person


def _said(number: int, values: dict[str, Any], child: Child | None, tally: Tally) -> dict[str, Any] | None:
    """Personal values of a row, completed from the identity number."""
    parsed: id_numbers.IdNumber | None = values["id_number"]
    birth: date | None = None
    sex: str | None = None
    if parsed is not None:
        birth, sex = parsed.birth_date, parsed.sex
    elif child is not None:
        birth, sex = child.birth_date, child.sex
    has_number = parsed is not None or (child is not None and bool(child.id_number))
    reasons = identity_errors(
        number_birth=birth, number_sex=sex, birth_date=values["birth_date"], sex=values["sex"]
    )
    if not has_number and child is not None:
        reasons = {}  # without a number, what was typed before may be corrected
    for name, reason in reasons.items():
        tally.error(number, CHILD_LAYOUT.name_of(name), reason)
    if reasons:
        return None
    said = {name: values[name] for name in _PERSON}
    said["birth_date"], said["sex"] = values["birth_date"] or birth, values["sex"] or sex
    said["id_number"] = parsed.value if parsed is not None else ""
    return said


def _enrolments_of(child_ids: set[int]) -> Iterator[Enrolment]:
    ids = sorted(child_ids)
    for start in range(0, len(ids), 800):
        yield from Enrolment.objects.filter(child_id__in=ids[start : start + 800])


def _refuse_overlaps(rows: list[_Row], tally: Tally) -> None:
    """Within one institution. Changes of known enrolments count first, so one file may end one and begin the next."""
    known = defaultdict(list)
    for enrolment in _enrolments_of({row.person.child.pk for row in rows if not row.person.is_new}):
        known[enrolment.child_id, enrolment.institution_id].append(enrolment)
    groups: dict[tuple[int, int], list[_Row]] = defaultdict(list)
    for row in rows:
        groups[row.group].append(row)
    for group in groups.values():
        first = group[0]
        periods = {
            e.starts_on: Period(e.starts_on, e.ends_on)
            for e in known[first.person.child.pk, first.institution_id]
        }
        stored = dict(periods)
        changes = [row for row in group if row.found is not None]
        periods |= {row.period.starts_on: row.period for row in changes}
        news = sorted((row for row in group if row.found is None), key=lambda row: row.values["starts_on"])
        for row in (*changes, *news):
            start = row.period.starts_on
            clash = first_overlap(row.period, (p for s, p in periods.items() if s != start))
            if clash is None:
                periods[start] = row.period
                continue
            tally.error(row.number, "入托日期", overlap_reason(clash))
            if row.found is not None:
                periods[start] = stored[start]


def _settle(row: _Row, plan: _Plan, tally: Tally) -> None:
    """Count the row and put what it changes into the plan."""
    person = row.person
    key = id(person)
    changed = child_fill(person.child, person.said)
    if person.is_new:
        plan.new_children[key] = person.child
    elif changed:
        plan.changed_children[key] = (person.child, changed)
    enrolment = row.found
    if enrolment is None:
        enrolment = Enrolment(institution_id=row.institution_id, starts_on=row.values["starts_on"])
        enrolment_fill(enrolment, row.values)
        plan.new_enrolments.append((enrolment, person.child))
        tally.created += 1
        return
    enrolment_changed = enrolment_fill(enrolment, row.values)
    if enrolment_changed:
        plan.changed_enrolments.append((enrolment, enrolment_changed))
    if enrolment_changed or changed:
        tally.updated += 1
    else:
        tally.unchanged += 1


def _remark_elsewhere(rows: list[_Row], tally: Tally) -> None:
    """The same child at two institutions at once is allowed in, because the alert needs it; somebody should know."""
    elsewhere: dict[int, list[tuple[int, Period]]] = defaultdict(list)
    key_of = {row.person.child.pk: id(row.person) for row in rows if not row.person.is_new}
    for e in _enrolments_of(set(key_of)):
        elsewhere[key_of[e.child_id]].append((e.institution_id, Period(e.starts_on, e.ends_on)))
    for row in rows:
        elsewhere[id(row.person)].append((row.institution_id, row.period))
    for row in rows:
        others = (p for pk, p in elsewhere[id(row.person)] if pk != row.institution_id)
        if first_overlap(row.period, others) is not None:
            tally.remark(row.number, "机构名称", "同一时段在另一家机构也有在托登记")


def _write(plan: _Plan) -> None:
    children = list(plan.new_children.values())
    without_code = [child for child in children if not child.code]
    for child, code in zip(without_code, new_codes(len(without_code)), strict=True):
        child.code = code
    Child.objects.bulk_create(children)
    for child, changed in plan.changed_children.values():
        child.save(update_fields=sorted(changed))
    for enrolment, child in plan.new_enrolments:
        enrolment.child = child
    Enrolment.objects.bulk_create(enrolment for enrolment, _ in plan.new_enrolments)
    for enrolment, changed in plan.changed_enrolments:
        enrolment.save(update_fields=sorted(changed))
