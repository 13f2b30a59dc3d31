"""The registry: every rule once, in the order screens and reports list them. A new rule is one module and one line here."""

from __future__ import annotations

from backend.apps.alerts.domain.rule import Rule
from backend.apps.alerts.selectors.rules import (
    burst,
    clock_drift,
    closed_day,
    headcount,
    identity,
    incomplete_days,
    jump,
    manual_share,
    on_leave,
    outside_enrolment,
    over_places,
    perfect_class,
    photo_reused,
    pile_up,
    several_institutions,
    short_stay,
)
from backend.apps.alerts.selectors.rules.registered import EvidenceDay, RegisteredRule

REGISTRY: dict[str, RegisteredRule] = {
    module.REGISTERED.rule.code: module.REGISTERED
    for module in (
        headcount,
        several_institutions,
        over_places,
        identity,
        photo_reused,
        burst,
        closed_day,
        outside_enrolment,
        on_leave,
        incomplete_days,
        short_stay,
        pile_up,
        perfect_class,
        manual_share,
        jump,
        clock_drift,
    )
}
RULE_CHOICES = [(code, registered.rule.title) for code, registered in REGISTRY.items()]


def rule_title(code: str) -> str:
    """Chinese title; a rule that no longer exists keeps its code, because old months still name it."""
    return REGISTRY[code].rule.title if code in REGISTRY else code


__all__ = ["REGISTRY", "RULE_CHOICES", "EvidenceDay", "RegisteredRule", "Rule", "rule_title"]
