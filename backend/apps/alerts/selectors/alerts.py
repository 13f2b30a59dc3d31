"""Alerts somebody may see, and how many stand in the way of each institution."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet

from backend.apps.accounts.domain.scope import Scope
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import Alert, AlertInstitution, AlertOutcome, AlertOverride
from backend.apps.institutions.permissions import institutions_within
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth

VIEW = "alerts.view_alert"  # another role of the same person must not widen what this one reaches


def alerts_in_scope(scope: Scope) -> QuerySet[Alert]:
    """Alerts that touch at least one institution within `scope`."""
    touched = AlertInstitution.objects.filter(
        institutions_within(scope, "institution__"), alert=OuterRef("pk")
    )
    return Alert.objects.filter(Exists(touched))


def alerts_holding_up() -> QuerySet[Alert]:
    """Open blocking alerts that nobody let pass on their present evidence."""
    passed = AlertOverride.objects.filter(alert=OuterRef("pk"), evidence_hash=OuterRef("evidence_hash"))
    return Alert.objects.filter(~Exists(passed), state=Alert.State.OPEN, blocking=True)


def open_blocking_alerts(*, institution_id: int, month: ServiceMonth) -> QuerySet[Alert]:
    """Open alerts that keep this institution's statement from being approved."""
    return alerts_holding_up().filter(touched__institution_id=institution_id, month=month).order_by("id")


def open_alert_counts(*, month: ServiceMonth, institution_ids: Collection[int]) -> dict[int, int]:
    """Alerts holding up approval per institution, for a page of statements; one query. Absent means none."""
    return dict(
        AlertInstitution.objects.filter(
            institution_id__in=institution_ids, alert__in=alerts_holding_up().filter(month=month)
        )
        .order_by()
        .values("institution_id")
        .annotate(open=Count("id"))
        .values_list("institution_id", "open")
    )


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """What a list asks for; empty fields ask for any."""

    county_code: str = ""
    month: ServiceMonth | None = None
    institution_id: int | None = None
    township_code: str = ""
    state: str = ""
    rule: str = ""
    severity: str = ""
    blocking: bool | None = None

    def without_rule_and_state(self) -> AlertFilter:
        return replace(self, rule="", state="")


def alerts_found(*, actor: User, where: AlertFilter) -> QuerySet[Alert]:
    """Alerts in the actor's scope that meet the filter, in no order."""
    found = alerts_in_scope(scope_of(actor, permission=VIEW))
    wanted = {
        "county_id": where.county_code,
        "month": where.month,
        "touched__institution_id": where.institution_id,
        "state": where.state,
        "rule": where.rule,
        "severity": where.severity,
        "institution__township_id": where.township_code,
    }
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    return found if where.blocking is None else found.filter(blocking=where.blocking)


def alert_list(
    *,
    actor: User,
    after: Key | None = None,
    limit: int = 50,
    **where: Any,
) -> Page[Alert]:
    """Newest first; county, institution, child, touched institutions, outcomes and overrides are loaded, in five queries.

    `where` are the fields of `AlertFilter`.
    """
    found = alerts_loaded(alerts_found(actor=actor, where=AlertFilter(**where)))
    return keyset_page(found, keys=["id"], after=after, limit=limit, descending=True)


def alert_get(*, actor: User, alert_id: int) -> Alert:
    """One alert within scope, or NotFound."""
    found = alerts_loaded(alerts_in_scope(scope_of(actor, permission=VIEW))).filter(pk=alert_id).first()
    if found is None:
        raise NotFound("alert_not_found", "没有找到这条预警")
    return found


def alerts_loaded(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """With county, institution, child, touched institutions, outcomes and overrides."""
    return alerts.select_related("county", "institution", "child").prefetch_related(
        Prefetch(
            "touched", AlertInstitution.objects.select_related("institution").order_by("institution_id")
        ),
        Prefetch("outcomes", AlertOutcome.objects.order_by("id")),
        Prefetch("overrides", AlertOverride.objects.order_by("id")),
    )
