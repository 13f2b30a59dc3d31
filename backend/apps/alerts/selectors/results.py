"""The month's results of the two rules the tender names, and how many alerts each rule has."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from backend.apps.accounts.models import User
from backend.apps.alerts.domain.evidence import HEADCOUNT, SEVERAL_INSTITUTIONS
from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors.alerts import AlertFilter, alerts_found, alerts_holding_up, alerts_loaded
from backend.apps.alerts.selectors.rules import REGISTRY, rule_title
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth

MOST_ROWS = 20_000  # of one sheet


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Alerts of one rule; `blocking` are open and still hold up approval."""

    rule: str
    title: str
    batch_dismissal: bool
    open: int
    settled: int
    gone: int
    blocking: int


def headcount_results(
    *, actor: User, where: AlertFilter, after: Key | None = None, limit: int = 50
) -> Page[Alert]:
    """考勤人数异常 by institution and day, loaded as `alert_list` loads."""
    return keyset_page(
        alerts_loaded(_results(actor, where, HEADCOUNT)),
        keys=["institution_id", "subject_key"],
        after=after,
        limit=limit,
    )


def several_results(
    *, actor: User, where: AlertFilter, after: Key | None = None, limit: int = 50
) -> Page[Alert]:
    """考勤机构异常 in the order they were found, loaded as `alert_list` loads."""
    return keyset_page(
        alerts_loaded(_results(actor, where, SEVERAL_INSTITUTIONS)), keys=["id"], after=after, limit=limit
    )


def results_of_month(*, actor: User, where: AlertFilter, rule: str) -> list[Alert]:
    """All of one rule for a file, in the order of the page; `MOST_ROWS` bounds them."""
    order = ("institution_id", "subject_key") if rule == HEADCOUNT else ("id",)
    return list(alerts_loaded(_results(actor, where, rule)).order_by(*order)[:MOST_ROWS])


def alert_counts(*, actor: User, where: AlertFilter) -> list[RuleCount]:
    """Every rule of the registry, and those that only old alerts name; the filter's own rule and state are left out."""
    found = alerts_found(actor=actor, where=where.without_rule_and_state())
    held = Q(pk__in=alerts_holding_up().values("pk"))
    rows = (
        found.order_by()
        .values("rule", "state")
        .annotate(alerts=Count("pk", distinct=True), held=Count("pk", filter=held, distinct=True))
    )
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counted[row["rule"]][row["state"]] += row["alerts"]
        counted[row["rule"]]["held"] += row["held"]
    codes = [*REGISTRY, *sorted(counted.keys() - REGISTRY.keys())]
    return [
        RuleCount(
            rule=code,
            title=rule_title(code),
            batch_dismissal=code in REGISTRY and REGISTRY[code].rule.batch_dismissal,
            open=counted[code][Alert.State.OPEN],
            settled=counted[code][Alert.State.SETTLED],
            gone=counted[code][Alert.State.GONE],
            blocking=counted[code]["held"],
        )
        for code in codes
    ]


def _results(actor: User, where: AlertFilter, rule: str) -> QuerySet[Alert]:
    """What is no longer found is no result unless it is asked for."""
    found = alerts_found(actor=actor, where=where).filter(rule=rule)
    return found if where.state else found.exclude(state=Alert.State.GONE)


def newest_month(*, actor: User) -> ServiceMonth | None:
    """The last month with alerts within scope."""
    found = alerts_found(actor=actor, where=AlertFilter()).order_by("-month")
    return found.values_list("month", flat=True).first()
