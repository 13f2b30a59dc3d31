"""Upper limits of one line, in the order month, fee, term, year, number of months; the last that bites names the line."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from backend.apps.subsidy.domain.derivation import Node, Number, Op, Withheld
from backend.apps.subsidy.domain.exact import ZERO
from backend.apps.subsidy.domain.factor import paid_once_in, past_in_window
from backend.apps.subsidy.domain.facts import PastMonth
from backend.apps.subsidy.domain.scheme import SchemeDefinition
from backend.common.service_month import ServiceMonth


def capped(
    tree: Node,
    reason: str,
    days: str,
    *,
    scheme: SchemeDefinition,
    month: ServiceMonth,
    past: Iterable[PastMonth],
    here: Fraction = ZERO,
    fee: Node | None = None,
) -> tuple[Node, str]:
    """`past` are earlier months, `here` is what another institution is paid in this one, `fee` the limit by the fee."""
    caps = scheme.caps
    past = tuple(past)

    def window(kind: str) -> list[PastMonth]:
        return past_in_window(past, month, kind, caps.term_starts)

    def left(name: str, cap: Fraction, kind: str) -> Number:
        used = here + sum((Fraction(p.paid) for p in window(kind)), ZERO)
        return Number(name, max(cap - used, ZERO))

    limits: list[tuple[str, Node]] = []
    if caps.amount_per_month is not None:
        rest = max(caps.amount_per_month - here, ZERO)
        limits.append(("capped_month", Number("left_month" if here else "amount_max", rest)))
    if fee is not None:
        limits.append(("capped_fee", fee))
    if caps.amount_per_term is not None:
        limits.append(("capped_term", left("left_term", caps.amount_per_term, "term")))
    if caps.amount_per_year is not None:
        limits.append(("capped_year", left("left_year", caps.amount_per_year, caps.year)))
    for name, limit in limits:
        if limit.fold(days) < tree.fold(days):
            reason = name
        tree = Op("min", (tree, limit))
    if caps.months_per_year is not None and tree.fold(days) > 0:
        months = sum(1 for p in window(caps.year) if p.paid > 0)
        if months >= caps.months_per_year:
            return Withheld("cap_months", tree), "cap_months"
    settle = scheme.factor.settle_month
    if settle is not None and month.month != settle:
        return Withheld("not_settlement_month", tree), "not_settlement_month"
    once = paid_once_in(scheme)
    if once and any(p.paid > 0 for p in window(once)):
        return Withheld("paid_in_window", tree), "paid_in_window"
    return tree, reason
