"""试算沙盘: past months under another rule. It reads, and the database is told to refuse anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import connection, transaction

from backend.apps.attendance.selectors.required_days import required_days_of
from backend.apps.subsidy.domain.compare import Comparison, Group, add_groups, as_if_in_force, compare
from backend.apps.subsidy.domain.entitlement import Entitlement
from backend.apps.subsidy.domain.facts import UNGRADED, ChildMonth, InstitutionMonth, PastMonth
from backend.apps.subsidy.domain.pieces import in_force
from backend.apps.subsidy.domain.scheme import SchemeDefinition, SchemeError
from backend.apps.subsidy.domain.settle import evaluate_month
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Scheme, Statement
from backend.apps.subsidy.selectors.facts import CountyFacts, county_facts, facts_asked, key_of
from backend.apps.subsidy.selectors.scheme import scheme_definition, scheme_in_force_or_none
from backend.common.collecting import collection_paused
from backend.common.errors import Conflict, Invalid
from backend.common.service_month import ServiceMonth

MOST_MONTHS = 36


@dataclass(frozen=True, slots=True)
class MonthReplay:
    """One month. `drift` counts lines whose stored amount is not what the same rule gives on today's facts (迟到数据)."""

    month: ServiceMonth
    base_scheme_id: int
    comparison: Comparison
    evaluated: bool
    stored_total: Decimal | None
    drift: int


@dataclass(frozen=True, slots=True)
class Replay:
    """Months under the rule they had (`before`) and under the tried one (`after`), from the same facts."""

    scheme_id: int
    months: tuple[MonthReplay, ...]
    total: Group
    by_institution: tuple[Group, ...]
    by_grade: tuple[Group, ...]
    distribution: tuple[tuple[str, int], ...]
    blocked_before: int
    blocked_after: int


@contextmanager
def read_only() -> Iterator[None]:
    """Writes inside are refused by the database itself.

    PostgreSQL: one read-only snapshot, rolled back at the end. SQLite: no transaction, because ours would take the
    write lock and keep everybody else waiting.
    """
    if connection.vendor == "sqlite":
        _query_only(True)
        try:
            yield
        finally:
            _query_only(False)
        return
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        try:
            yield
        finally:
            transaction.set_rollback(True)


def _query_only(on: bool) -> None:
    """On the driver's connection: Django refuses statements after a failed one, and this must always be undone."""
    connection.ensure_connection()
    connection.connection.execute(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


def scheme_replay(*, scheme: Scheme, months: Sequence[ServiceMonth]) -> Replay:
    """Replay `months` of the scheme's county under it, in date order; later months see what earlier ones would have paid.

    Before a scheme's own start its first rates count as already in force. Excluded statements stay out. Refuses with
    `months_wrong`, `scheme_invalid`, `scheme_missing`, `required_days_missing`.
    """
    wanted = sorted(set(months))
    if not wanted or len(wanted) > MOST_MONTHS:
        raise Invalid("months_wrong", f"请选择 1 到 {MOST_MONTHS} 个月份")
    with read_only(), collection_paused():
        tried = _definition(scheme)
        was, would = _Paid(), _Paid()
        found = tuple(_month(scheme, tried, month, was, would) for month in wanted)
    return Replay(
        scheme_id=scheme.pk,
        months=found,
        total=add_groups("", [m.comparison.total for m in found]),
        by_institution=_added([m.comparison.by_institution for m in found]),
        by_grade=_added([m.comparison.by_grade for m in found]),
        distribution=_summed([m.comparison.distribution for m in found]),
        blocked_before=sum(m.comparison.blocked_before for m in found),
        blocked_after=sum(m.comparison.blocked_after for m in found),
    )


def _definition(scheme: Scheme) -> SchemeDefinition:
    try:
        return scheme_definition(scheme)
    except SchemeError as error:
        raise Invalid(
            "scheme_invalid",
            f"补助方案有误: {error.message_zh}",
            errors=[{"field": error.field, "message": error.message_zh}],
        ) from error


class _Paid:
    """What the months replayed so far come to: a rule that looks back must see them and not what was really paid.

    One for each side, so that an unchanged rule differs from itself nowhere, late data or not.
    """

    def __init__(self) -> None:
        self._months: dict[tuple[str, str], list[PastMonth]] = {}

    def seen_by(self, facts: CountyFacts) -> tuple[list[ChildMonth], list[InstitutionMonth]]:
        """The facts with these months in place of the real ones; earlier months stay as they were."""
        if not self._months:
            return list(facts.children.values()), list(facts.institutions.values())
        children = [replace(c, past=self._past(c.past, (c.child, ""))) for c in facts.children.values()]
        institutions = [
            replace(i, past=self._past(i.past, ("", i.institution))) for i in facts.institutions.values()
        ]
        return children, institutions

    def _past(self, real: tuple[PastMonth, ...], key: tuple[str, str]) -> tuple[PastMonth, ...]:
        own = self._months.get(key, [])
        replayed = {p.month for p in own}
        return tuple(p for p in real if p.month not in replayed) + tuple(own)

    def add(self, lines: Sequence[Entitlement], month: ServiceMonth) -> None:
        sums: dict[tuple[str, str], PastMonth] = {}
        for line in lines:
            key = (line.child, "" if line.child else line.institution)
            old = sums.get(key)
            sums[key] = PastMonth(
                month=month,
                counted_days=line.counted_days + (old.counted_days if old else 0),
                paid=line.amount + (old.paid if old else 0),
                care_mode=old.care_mode if old else line.care_mode,
            )
        for key, past in sums.items():
            self._months.setdefault(key, []).append(past)


def _month(
    scheme: Scheme, tried: SchemeDefinition, month: ServiceMonth, was: _Paid, would: _Paid
) -> MonthReplay:
    county = scheme.county_id
    cycle = (
        MonthlyCycle.objects.in_force().select_related("scheme").filter(county_id=county, month=month).first()
    )
    base_scheme = cycle.scheme if cycle else scheme_in_force_or_none(county_code=county, month=month)
    if base_scheme is None:
        raise Conflict("scheme_missing", f"{month} 没有已生效的补助方案, 无从比较")
    required_days = required_days_of(county_code=county, month=month)
    if required_days is None:
        raise Conflict("required_days_missing", f"{month} 尚未设置应考勤天数, 不能试算")
    base = _definition(base_scheme)
    after_scheme = as_if_in_force(tried, month.first_day) if scheme.starts_on > month.first_day else tried
    facts = county_facts(county_code=county, month=month, scheme=base, required_days=required_days)
    same = facts_asked(base) == facts_asked(tried)
    again = (
        facts
        if same
        else county_facts(county_code=county, month=month, scheme=tried, required_days=required_days)
    )
    excluded = _excluded(cycle)
    before = _kept(evaluate_month(*was.seen_by(facts), base), excluded)
    after = _kept(evaluate_month(*would.seen_by(again), after_scheme), excluded)
    was.add(before, month)
    would.add(after, month)
    grades = {
        institution.institution: in_force(institution.grades, month.first_day, UNGRADED)
        for institution in facts.institutions.values()
    }
    stored = _stored(cycle)
    return MonthReplay(
        month=month,
        base_scheme_id=base_scheme.pk,
        comparison=compare(before, after, grades),
        evaluated=cycle is not None and cycle.evaluated_at is not None,
        stored_total=None if stored is None else sum(stored.values(), Decimal("0.00")),
        drift=0 if stored is None else _drift(stored, before),
    )


def _kept(lines: Sequence[Entitlement], excluded: set[str]) -> list[Entitlement]:
    return [line for line in lines if line.institution not in excluded]


def _excluded(cycle: MonthlyCycle | None) -> set[str]:
    if cycle is None:
        return set()
    rows = Statement.objects.filter(cycle=cycle, outcome=Statement.Outcome.EXCLUDED)
    return {key_of(pk) for pk in rows.values_list("institution_id", flat=True)}


def _stored(cycle: MonthlyCycle | None) -> dict[tuple[str, str], Decimal] | None:
    """Amounts as they were calculated and approved, without excluded statements; None before the first calculation."""
    if cycle is None or cycle.calculated_at is None:
        return None
    rows = EntitlementLine.objects.filter(statement__cycle=cycle).exclude(
        statement__outcome=Statement.Outcome.EXCLUDED
    )
    return {
        (key_of(child) if child else "", key_of(institution)): amount
        for child, institution, amount in rows.values_list(
            "child_id", "statement__institution_id", "amount"
        ).iterator()
    }


def _drift(stored: dict[tuple[str, str], Decimal], lines: Sequence[Entitlement]) -> int:
    now = {(x.child, x.institution): x.amount for x in lines}
    return sum(1 for key in stored.keys() | now.keys() if stored.get(key) != now.get(key))


def _added(months: Sequence[tuple[Group, ...]]) -> tuple[Group, ...]:
    found: dict[str, list[Group]] = {}
    for groups in months:
        for group in groups:
            found.setdefault(group.key, []).append(group)
    return tuple(add_groups(key, found[key]) for key in sorted(found))


def _summed(months: Sequence[tuple[tuple[str, int], ...]]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for rows in months:
        for label, count in rows:
            found[label] = found.get(label, 0) + count
    return tuple(found.items())
