"""What alerts about single children have to do with money: the amounts on their lines."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Sum

from backend.apps.alerts.models import Alert
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Statement
from backend.common.service_month import ServiceMonth

ZERO = Decimal("0.00")


def amounts_at_stake(cycle: MonthlyCycle) -> dict[int, Decimal]:
    """Yuan on the lines of the child each open alert is about, at every institution; by alert id, two queries."""
    alerts = dict(
        Alert.objects.filter(
            county_id=cycle.county_id, month=cycle.month, state=Alert.State.OPEN, child__isnull=False
        ).values_list("pk", "child_id")
    )
    amounts = child_amounts(cycle, set(alerts.values()))
    return {pk: amounts.get(child, ZERO) for pk, child in alerts.items()}


def child_amounts(cycle: MonthlyCycle, child_ids: set[int]) -> Mapping[int, Decimal]:
    """Yuan of the cycle by child; one query."""
    rows = EntitlementLine.objects.filter(statement__cycle=cycle, child_id__in=child_ids)
    return dict(
        rows.order_by().values("child_id").annotate(total=Sum("amount")).values_list("child_id", "total")
    )


def amounts_payable(
    *, county_code: str, first: ServiceMonth, last: ServiceMonth, child_ids: set[int]
) -> dict[tuple[ServiceMonth, int], Decimal]:
    """Yuan by month and child on the lines of now, excluded statements and cancelled months left out; one query."""
    rows = (
        EntitlementLine.objects.filter(
            statement__cycle__county_id=county_code,
            statement__cycle__month__gte=first,
            statement__cycle__month__lte=last,
            statement__cycle__cancelled_at__isnull=True,
            child_id__in=child_ids,
        )
        .exclude(statement__outcome=Statement.Outcome.EXCLUDED)
        .order_by()
        .values("statement__cycle__month", "child_id")
        .annotate(total=Sum("amount"))
        .values_list("statement__cycle__month", "child_id", "total")
    )
    return {(month, child): total for month, child, total in rows}
