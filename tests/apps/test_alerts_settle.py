"""处置: one person, one reason, within scope, on the evidence that was seen."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError

from backend.apps.alerts.models import Alert, AlertOutcome, HeadcountThreshold
from backend.apps.alerts.selectors import alert_get, alert_list
from backend.apps.alerts.services import alert_settle, alerts_raise
from backend.apps.audit.models import AuditEvent
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_workdays
from tests.factories.children import make_child
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY
from tests.query_counts import pinned_queries
from tests.support.races import together

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
DAY = date(2026, 10, 8)


@pytest.fixture
def people() -> Cast:
    return cast()


@pytest.fixture
def alert(people: Cast) -> Alert:
    """One child at jasmine (三江) and bamboo (鹿山) on the same day."""
    child = make_child()
    make_workdays(child, people.jasmine, [DAY])
    make_workdays(child, people.bamboo, [DAY])
    alerts_raise(county_code=COUNTY, month=OCTOBER, rules=["several_institutions", "headcount"])
    return Alert.objects.get()


def refusal(error: type[DomainError], **kwargs: Any) -> str:
    with pytest.raises(error) as caught:
        alert_settle(**{"outcome": "confirmed", "reason": "x", **kwargs})
    return caught.value.code


def test_the_outcome_is_recorded_with_reason_person_and_evidence(people: Cast, alert: Alert) -> None:
    alert_settle(alert_id=alert.pk, outcome="confirmed", reason=" 家长代打卡 ", actor=people.town_luoshan)
    alert.refresh_from_db()
    outcome = AlertOutcome.objects.get()
    assert alert.state == "settled"
    assert (outcome.outcome, outcome.reason, outcome.by, outcome.by_name) == (
        "confirmed",
        "家长代打卡",
        people.town_luoshan,
        "吴鹿山",
    )
    assert outcome.evidence_hash == alert.evidence_hash
    event = AuditEvent.objects.get(action="alerts.alert.settled")
    assert (event.target_id, event.county_code, event.detail["outcome"]) == (
        str(alert.pk),
        COUNTY,
        "confirmed",
    )


def test_refusals_change_nothing(people: Cast, alert: Alert) -> None:
    assert refusal(Forbidden, alert_id=alert.pk, actor=people.operator_jasmine) == "permission_missing"
    assert refusal(Forbidden, alert_id=alert.pk, actor=people.evaluator) == "permission_missing"
    assert refusal(NotFound, alert_id=alert.pk, actor=people.stranger) == "alert_not_found"
    assert refusal(NotFound, alert_id=alert.pk + 1, actor=people.county_one) == "alert_not_found"
    assert refusal(Invalid, alert_id=alert.pk, reason=" ", actor=people.county_one) == "reason_invalid"
    assert refusal(Invalid, alert_id=alert.pk, reason="字" * 301, actor=people.county_one) == "reason_invalid"
    assert refusal(Invalid, alert_id=alert.pk, outcome="maybe", actor=people.county_one) == "outcome_invalid"
    stale = {"alert_id": alert.pk, "evidence_hash": "0" * 64, "actor": people.county_one}
    assert refusal(Conflict, **stale) == "evidence_changed"
    alert.refresh_from_db()
    assert (alert.state, AlertOutcome.objects.count(), AuditEvent.objects.count()) == ("open", 0, 0)


def test_once_settled_or_gone_there_is_nothing_to_settle(people: Cast, alert: Alert) -> None:
    alert_settle(
        alert_id=alert.pk,
        outcome="dismissed",
        reason="x",
        actor=people.county_one,
        evidence_hash=alert.evidence_hash,
    )
    assert refusal(Conflict, alert_id=alert.pk, actor=people.county_two) == "alert_already_settled"
    Alert.objects.update(state="gone")
    assert refusal(Conflict, alert_id=alert.pk, actor=people.county_two) == "alert_gone"
    assert AlertOutcome.objects.count() == 1


def test_outcomes_are_append_only(people: Cast, alert: Alert) -> None:
    outcome = alert_settle(alert_id=alert.pk, outcome="dismissed", reason="x", actor=people.county_one)
    for change in (
        lambda: AlertOutcome.objects.filter(pk=outcome.pk).update(reason="y"),
        lambda: AlertOutcome.objects.filter(pk=outcome.pk).delete(),
    ):
        with pytest.raises((IntegrityError, DatabaseError), match="append-only"), transaction.atomic():
            change()
    assert AlertOutcome.objects.get().reason == "x"


def test_lists_stay_within_scope_and_page_by_key(people: Cast, alert: Alert) -> None:
    HeadcountThreshold.objects.create(institution=people.jasmine, threshold=0, starts_on=date(2026, 1, 1))
    make_workdays(make_child(), people.jasmine, [date(2026, 10, 9)])
    alerts_raise(county_code=COUNTY, month=OCTOBER, rules=["several_institutions", "headcount"])
    newest = [a.pk for a in Alert.objects.order_by("-id")]
    assert len(newest) == 3

    first = alert_list(actor=people.town_sanjiang, limit=2)
    assert [a.pk for a in first.results] == newest[:2]
    rest = alert_list(actor=people.town_sanjiang, limit=2, after=first.next)
    assert ([a.pk for a in rest.results], rest.next) == (newest[2:], None)
    assert [a.pk for a in alert_list(actor=people.operator_bamboo).results] == [alert.pk]
    assert alert_list(actor=people.stranger).results == ()
    assert alert_list(actor=people.system_admin).results == ()
    assert [a.pk for a in alert_list(actor=people.auditor, rule="several_institutions").results] == [alert.pk]
    assert alert_list(actor=people.auditor, state="settled").results == ()
    assert alert_list(actor=people.auditor, month=OCTOBER.next()).results == ()
    assert (
        len(alert_list(actor=people.auditor, county_code=COUNTY, institution_id=people.jasmine.pk).results)
        == 3
    )
    assert alert_get(actor=people.town_luoshan, alert_id=alert.pk).child_id == alert.child_id
    with pytest.raises(NotFound) as caught:
        alert_get(actor=people.town_luoshan, alert_id=newest[0])
    assert caught.value.code == "alert_not_found"


def test_a_page_of_alerts_takes_a_fixed_number_of_statements(people: Cast, alert: Alert) -> None:
    HeadcountThreshold.objects.create(institution=people.jasmine, threshold=0, starts_on=date(2026, 1, 1))
    alerts_raise(county_code=COUNTY, month=OCTOBER, rules=["several_institutions", "headcount"])
    with pinned_queries("alert_list"):
        page = alert_list(actor=people.county_one)
        assert [(a.county.name, len(a.touched.all()), len(a.outcomes.all())) for a in page.results] == [
            ("嵊州市", 1, 0),
            ("嵊州市", 2, 0),
        ]


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_leave_one_outcome() -> None:
    people = cast()
    child = make_child()
    make_workdays(child, people.jasmine, [DAY])
    make_workdays(child, people.bamboo, [DAY])
    alerts_raise(county_code=COUNTY, month=OCTOBER, rules=["several_institutions", "headcount"])
    alert = Alert.objects.get()

    def settle(actor: Any) -> Any:
        return lambda: alert_settle(alert_id=alert.pk, outcome="dismissed", reason="x", actor=actor)

    found = together(settle(people.county_one), settle(people.county_two))

    assert sorted(type(result).__name__ for result in found) == ["AlertOutcome", "Conflict"]
    assert next(result for result in found if isinstance(result, Conflict)).code == "alert_already_settled"
    assert AlertOutcome.objects.count() == 1
