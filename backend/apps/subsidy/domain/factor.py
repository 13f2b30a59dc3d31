"""From the count of days to the factor, for every family of the reference, as a tree that folds again."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from backend.apps.subsidy.domain.derivation import AtLeast, Count, Node, Number, Op, Tiers
from backend.apps.subsidy.domain.exact import ONE, ZERO
from backend.apps.subsidy.domain.facts import ChildMonth, PastMonth
from backend.apps.subsidy.domain.scheme import Factor, SchemeDefinition
from backend.common.service_month import ServiceMonth

FULL = Number("factor", ONE)
NOTHING = Number("factor", ZERO)


def window_key(kind: str, month: ServiceMonth, term_starts: tuple[int, ...] = (3, 9)) -> tuple[int, int]:
    """Which window a month lies in: months with equal keys share it. A school year starts in September.

    >>> window_key("school_year", ServiceMonth(2026, 8)), window_key("school_year", ServiceMonth(2026, 9))
    ((2025, 0), (2026, 0))
    """
    if kind == "calendar_year":
        return month.year, 0
    if kind == "school_year":
        return (month.year if month.month >= 9 else month.year - 1), 0
    if kind == "half_year":
        return month.year, (month.month - 1) // 6
    begun = [s for s in term_starts if s <= month.month]
    return (month.year, begun[-1]) if begun else (month.year - 1, term_starts[-1])


def past_in_window(
    past: Iterable[PastMonth], month: ServiceMonth, kind: str, term_starts: tuple[int, ...]
) -> list[PastMonth]:
    """Those of the earlier months that lie in the same window as `month`."""
    key = window_key(kind, month, term_starts)
    return [p for p in past if p.month < month and window_key(kind, p.month, term_starts) == key]


def paid_once_in(scheme: SchemeDefinition) -> str:
    """The window in which an amount is paid only once; empty where every month pays its own.

    A yearly or term amount that is not spread over months would otherwise be paid in full every month.
    """
    if scheme.factor.family == "long_window":
        return scheme.factor.window
    if scheme.spread_months > 1:
        return ""
    if scheme.unit == "child_term":
        return "term"
    return scheme.caps.year if scheme.unit.endswith("_year") else ""


def required_node(facts: ChildMonth, scheme: SchemeDefinition, enrolled: int | None) -> Node:
    """Required days, lowered to the child's own workdays (`enrolled`) or by excused days where the scheme says so."""
    node: Node = Number("required", Fraction(facts.institution.required_days))
    if enrolled is not None:
        node = Op("min", (node, Number("enrolled_workdays", Fraction(enrolled))))
    if scheme.attendance.not_captured == "excused":
        node = Op("-", (node, Count("u")))
    return node


def _divisor(rule: Factor, facts: ChildMonth, required: Node) -> Node:
    if isinstance(rule.divisor, Fraction):
        return Number("divisor", rule.divisor)
    if rule.divisor == "required":
        return required
    if rule.divisor == "workdays":
        return Number("workdays", Fraction(facts.institution.calendar.workdays))
    return Number("calendar_days", Fraction(len(facts.institution.calendar.kinds)))


def uses_divisor(rule: Factor) -> bool:
    return rule.family in ("ratio", "threshold_days") or (rule.family == "tiers" and rule.of == "ratio")


def factor_node(facts: ChildMonth, scheme: SchemeDefinition, count: Node, required: Node, mode: str) -> Node:
    """The factor of a child-month; `count` are its days, `mode` is the care mode that counts for windows."""
    rule = scheme.factor
    if rule.family == "threshold":
        return AtLeast(count, Number("threshold", rule.days), FULL, Number("fraction", rule.below))
    if rule.family == "month_count":
        return AtLeast(count, Number("threshold", rule.days), FULL, NOTHING)
    if rule.family == "long_window":
        return _window(facts, scheme, count, mode)
    divisor = _divisor(rule, facts, required)
    ratio = Op("/", (count, divisor))
    if rule.family == "tiers":
        return Tiers(count if rule.of == "days" else ratio, rule.steps)
    capped: Node = ratio if rule.limit is None else Op("min", (ratio, Number("limit", rule.limit)))
    if rule.family == "ratio":
        return capped
    return AtLeast(count, Number("threshold", rule.days), FULL, capped)


def _window(facts: ChildMonth, scheme: SchemeDefinition, count: Node, mode: str) -> Node:
    """1 when enough months of the window, this one included, had enough days on average."""
    rule = scheme.factor
    past = [
        p
        for p in past_in_window(facts.past, facts.month, rule.window, scheme.caps.term_starts)
        if p.counted_days >= rule.days and (rule.care_modes is None or p.care_mode in rule.care_modes)
    ]
    months: Node = Number("window_months", Fraction(len(past)))
    days: Node = Number("window_days", sum((Fraction(p.counted_days) for p in past), ZERO))
    if rule.care_modes is None or mode in rule.care_modes:
        counts = AtLeast(count, Number("threshold", rule.days), FULL, NOTHING)
        months = Op("+", (months, counts))
        days = Op("+", (days, Op("*", (count, counts))))
    average = AtLeast(Op("/", (days, months)), Number("need_average", rule.average), FULL, NOTHING)
    return AtLeast(months, Number("need_months", Fraction(rule.months)), average, NOTHING)
