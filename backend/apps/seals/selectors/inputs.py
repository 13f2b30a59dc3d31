"""What the lines of a month were worked out from, as plain JSON, to be sealed with them (重算零差)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from backend.apps.attendance.selectors.required_days import required_days_of
from backend.apps.seals.domain.documents import value_text
from backend.apps.seals.domain.plain import from_plain, to_plain
from backend.apps.subsidy.domain.entitlement import Entitlement
from backend.apps.subsidy.domain.facts import ChildMonth, InstitutionMonth
from backend.apps.subsidy.domain.payments import line_payments
from backend.apps.subsidy.domain.scheme import SchemeDefinition, SchemeError
from backend.apps.subsidy.domain.settle import evaluate_month
from backend.apps.subsidy.models import MonthlyCycle
from backend.apps.subsidy.selectors.facts import CountyFacts, county_facts
from backend.apps.subsidy.selectors.scheme import scheme_definition

SIX_PLACES = Decimal("0.000001")  # as the factor is kept
Pair = tuple[int, int | None]


@dataclass(frozen=True)
class MonthInputs:
    """`children` by institution and child, `institutions` by id, both plain; `lines` the columns today's rule makes of them."""

    children: Mapping[Pair, Any] = field(default_factory=dict)
    institutions: Mapping[int, Any] = field(default_factory=dict)
    lines: Mapping[Pair, Mapping[str, str]] = field(default_factory=dict)


def month_inputs(cycle: MonthlyCycle) -> MonthInputs:
    """About a dozen queries. Nothing where the rule or the required days cannot be read: then no month was calculated."""
    found = month_now(cycle)
    if found is None:
        return MonthInputs()
    facts, lines, scheme = found
    return MonthInputs(
        children={pair: child_plain(child) for pair, child in facts.children.items()},
        institutions={pk: to_plain(one) for pk, one in facts.institutions.items()},
        lines={
            (int(line.institution), int(line.child) if line.child else None): line_texts(line, scheme)
            for line in lines
        },
    )


def month_now(cycle: MonthlyCycle) -> tuple[CountyFacts, Sequence[Entitlement], SchemeDefinition] | None:
    """The month with all data known now, by its own rule; None where rule or required days cannot be read."""
    required_days = required_days_of(county_code=cycle.county_id, month=cycle.month)
    try:
        scheme = scheme_definition(cycle.scheme)
    except SchemeError:
        return None
    if required_days is None:
        return None
    facts = county_facts(
        county_code=cycle.county_id, month=cycle.month, scheme=scheme, required_days=required_days
    )
    return facts, evaluate_month(facts.children.values(), facts.institutions.values(), scheme), scheme


def child_plain(child: ChildMonth) -> dict[str, Any]:
    """Without the institution, which is sealed once for all its children."""
    found: dict[str, Any] = to_plain(replace(child, institution=None))  # type: ignore[arg-type]  # left out below
    del found["institution"]
    return found


def read_institutions(plain: Mapping[int, Any]) -> dict[int, InstitutionMonth]:
    return {pk: from_plain(InstitutionMonth, value) for pk, value in plain.items()}


def read_child(plain: Mapping[str, Any], institution: InstitutionMonth) -> ChildMonth:
    held = {**plain, "institution": to_plain(institution)}
    return replace(from_plain(ChildMonth, held), institution=institution)


def line_texts(line: Entitlement, scheme: SchemeDefinition) -> dict[str, str]:
    """The columns of a sealed line that the rule decides, as canonical texts."""
    values = {
        "places": line.places,
        "class_type": line.class_type,
        "care_mode": line.care_mode,
        "attended_days": line.attended_days,
        "required_days": line.required_days,
        "not_captured_days": line.not_captured_days,
        "rate_amount": line.rate_amount,
        "factor": line.factor.quantize(SIX_PLACES),
        "amount": line.amount,
        "reason_code": line.reason_code,
        "payments": line_payments(line.amount, scheme),
        "derivation": line.derivation.encode(),
    }
    return {name: value_text(value) for name, value in values.items()}
