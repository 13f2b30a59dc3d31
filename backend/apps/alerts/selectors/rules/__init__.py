"""The registry: every rule once, in the order screens and reports list them. A new rule is one module and one line here."""

from __future__ import annotations

from backend.apps.alerts.domain.rule import Rule
from backend.apps.alerts.selectors.rules import headcount, photo_reused, several_institutions
from backend.apps.alerts.selectors.rules.registered import EvidenceDay, RegisteredRule

REGISTRY: dict[str, RegisteredRule] = {
    module.REGISTERED.rule.code: module.REGISTERED
    for module in (headcount, several_institutions, photo_reused)
}
RULE_CHOICES = [(code, registered.rule.title) for code, registered in REGISTRY.items()]


def rule_title(code: str) -> str:
    """Chinese title; a rule that no longer exists keeps its code, because old months still name it."""
    return REGISTRY[code].rule.title if code in REGISTRY else code


__all__ = ["REGISTRY", "RULE_CHOICES", "EvidenceDay", "RegisteredRule", "Rule", "rule_title"]
