"""At how many days a scheme pays a step more: where days could be made to fit."""

from __future__ import annotations

from backend.apps.subsidy.domain.scheme import SchemeDefinition

MOST_DAYS = 31


def day_thresholds(scheme: SchemeDefinition) -> tuple[int, ...]:
    """Whole days above 0, smallest first; none where the factor follows the ratio of days without a step.

    A threshold on a ratio is left out: in days it differs from institution to institution.
    """
    rule = scheme.factor
    if rule.family in ("threshold", "month_count", "threshold_days", "long_window"):
        days = {rule.days}
    elif rule.family == "tiers" and rule.of == "days":
        days = {at for at, _ in rule.steps}
    else:
        days = set()
    return tuple(sorted(int(at) for at in days if at.denominator == 1 and 1 < at <= MOST_DAYS))
