"""Entitlement lines, and what one line rests on, as the stored derivation tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Value
from django.db.models.functions import Coalesce

from backend.apps.subsidy.domain.derivation import decode
from backend.apps.subsidy.domain.nearest import Nearest, nearest, nearest_text
from backend.apps.subsidy.domain.payments import PAYEE_NAMES, Payment, payments
from backend.apps.subsidy.domain.render import day_texts, formula, numbers, reason_text
from backend.apps.subsidy.models import EntitlementLine, Statement, StatementDecision
from backend.common.keyset import Key, Page, keyset_page
from backend.common.masking import mask_name

# What the letters of the day string are called in programs.
LETTER_CODES: Final[Mapping[str, str]] = {
    "P": "complete",
    "M": "complete_makeup",
    "S": "single_punch",
    "C": "corrected_present",
    "H": "half_day",
    "L": "complete_closed_day",
    "G": "open_day",
    "g": "open_without_data",
    "a": "absent",
    "b": "absent_makeup",
    "i": "missing_exit",
    "o": "missing_entry",
    "r": "exit_first",
    "s": "stay_too_short",
    "m": "manual_only",
    "c": "corrected_absent",
    "u": "feed_silent",
    "n": "not_yet",
    "w": "weekend",
    "h": "holiday",
    "x": "institution_closed",
    "-": "not_enrolled",
    "p": "punched_outside_enrolment",
    "t": "counted_elsewhere",
    "z": "not_operating",
}
_NOT_CAPTURED: Final = "un"


@dataclass(frozen=True, slots=True)
class LineRow:
    """`child_name` is masked. The line of an institution itself has no child, class or care mode, but `places`."""

    id: int
    child_id: int | None
    child_code: str
    child_name: str
    places: int | None
    class_type: str | None
    care_mode: str | None
    attended_days: int
    required_days: int
    not_captured_days: int
    factor: Decimal
    rate_amount: Decimal | None
    amount: Decimal
    reason_code: str
    reason_text: str
    payments: tuple[Payment, ...]


@dataclass(frozen=True, slots=True)
class LineDay:
    """A day as the amount counted it."""

    date: date
    status: str  # counted, not_counted, not_captured
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class LineExplanation:
    """`nearest` says what the fewest other days would change, `change` the same as data; empty when nothing would."""

    text: str
    nearest: str
    change: Nearest
    numbers: tuple[tuple[str, str], ...]
    days: tuple[LineDay, ...]


def line_page(*, statement: Statement, reason_code: str, after: Key | None, limit: int) -> Page[LineRow]:
    """By child code; one query. The caller has read the statement within somebody's scope."""
    found = (
        EntitlementLine.objects.filter(statement=statement)
        .select_related("child")
        .defer("derivation")
        .annotate(code=Coalesce("child__code", Value("")))
    )
    if reason_code:
        found = found.filter(reason_code=reason_code)
    return keyset_page(found, keys=("code",), after=after, limit=limit).map(
        lambda lines: [line_row(line) for line in lines]
    )


def marked_subjects(decisions: Iterable[StatementDecision]) -> dict[int, str]:
    """Whom the marked lines of these decisions are about, names masked; by line id, one query.

    A line that a recalculation has removed since is left out.
    """
    ids = {line_id for decision in decisions for line_id in decision.marked_line_ids}
    if not ids:
        return {}
    lines = EntitlementLine.objects.filter(pk__in=ids).select_related("child").defer("derivation")
    return {
        line.pk: "机构" if line.child is None else f"{mask_name(line.child.name)} ({line.child.code})"
        for line in lines
    }


def line_row(line: EntitlementLine) -> LineRow:
    child = line.child
    return LineRow(
        id=line.pk,
        child_id=line.child_id,
        child_code="" if child is None else child.code,
        child_name="" if child is None else mask_name(child.name),
        places=line.places,
        class_type=line.class_type or None,
        care_mode=line.care_mode or None,
        attended_days=line.attended_days,
        required_days=line.required_days,
        not_captured_days=line.not_captured_days,
        factor=line.factor,
        rate_amount=line.rate_amount,
        amount=line.amount,
        reason_code=line.reason_code,
        reason_text=reason_text(line.reason_code),
        payments=payments(line.payments, PAYEE_NAMES),
    )


def line_explanation(line: EntitlementLine) -> LineExplanation:
    """算给我看: from the stored tree alone, so that it explains the amount that was stored."""
    return tree_explanation(line.derivation)


def tree_explanation(tree: Any) -> LineExplanation:
    """The same from a stored tree, e.g. a sealed one."""
    derivation = decode(tree)
    change = nearest(derivation)
    days = []
    for found in day_texts(derivation):
        status = (
            "counted" if found.counted else "not_captured" if found.letter in _NOT_CAPTURED else "not_counted"
        )
        reason = f"计入半日: {found.why}" if 0 < found.counted < 1 else found.why
        day = derivation.month.first_day.replace(day=found.day)
        days.append(LineDay(day, status, LETTER_CODES[found.letter], reason))
    return LineExplanation(
        text=formula(derivation),
        nearest=nearest_text(change),
        change=change,
        numbers=tuple(numbers(derivation)),
        days=tuple(days),
    )
