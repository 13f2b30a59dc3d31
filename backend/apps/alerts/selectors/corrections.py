"""Which corrections came from which alert, and which alerts accepted corrections have answered."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert, AlertCorrection
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.attendance.selectors.corrections import corrections_in_scope
from backend.apps.attendance.selectors.facts import accepted_corrections
from backend.common.service_month import ServiceMonth


def alert_of_corrections(*, correction_ids: Collection[int]) -> dict[int, Alert]:
    """By correction; those proposed from a day are absent. The caller has checked the scope of the corrections. One query."""
    links = AlertCorrection.objects.filter(correction_id__in=correction_ids).select_related("alert")
    return {link.correction_id: link.alert for link in links}


def corrections_of_alert(*, alert_id: int, actor: User) -> list[AttendanceCorrection]:
    """Oldest first, with child, institution, maker and checker: those of institutions within the actor's reach, because
    an alert may be about several. The caller has checked the scope of the alert. One query.
    """
    ids = AlertCorrection.objects.filter(alert_id=alert_id).values("correction_id")
    rows = corrections_in_scope(actor=actor).filter(pk__in=ids).order_by("id")
    return list(rows.select_related("child", "institution", "maker", "checker"))


def corrected_alerts(*, correction: AttendanceCorrection, among: QuerySet[Alert]) -> list[Alert]:
    """Open alerts of the child and month whose every disputed day stands corrected, at one of the places it names.

    Of several accepted corrections of one day the newest counts. An alert about a whole institution is never among them: what one child's day was does not answer it. At most two queries.
    """
    month = ServiceMonth.of(correction.date)
    alerts = among.filter(
        state=Alert.State.OPEN,
        month=month,
        touched__institution_id=correction.institution_id,
        child_id=correction.child_id,
    ).order_by("id")
    wanted = {alert: keys for alert in alerts if (keys := _disputed(alert))}
    if not wanted:
        return []
    places_named = {pk for places in wanted.values() for pk, _ in places}
    accepted = accepted_corrections(
        month=month, institution_ids=places_named, child_ids=[correction.child_id]
    )
    stands = {(pk, day.isoformat()): kind for (pk, _), days in accepted.items() for day, kind in days.items()}
    found = []
    for alert, places in wanted.items():
        kinds = REGISTRY[alert.rule].corrected_as
        done = {iso for pk, iso in places if stands.get((pk, iso)) in kinds}
        if done == {iso for _, iso in places}:
            found.append(alert)
    return found


def _disputed(alert: Alert) -> set[tuple[int, str]]:
    """Institution and date; empty when the alert is about more than this child."""
    registered = REGISTRY.get(alert.rule)
    days = [] if registered is None else registered.disputed_days(alert.evidence)
    if any(day.child_id != alert.child_id for day in days):
        return set()
    return {(day.institution_id, day.date) for day in days}
