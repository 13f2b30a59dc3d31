"""考勤更正 from an alert: linked, checked by another person, and the alert follows what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from typing import Any

import pytest

from backend.apps.alerts.models import Alert, AlertCorrection, AlertOutcome
from backend.apps.alerts.services import alert_settle, alerts_raise
from backend.apps.attendance.models import AttendanceCorrection, Punch
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.services import cycle_calculate, cycle_warn
from tests.api.month import OCTOBER, WORKDAYS, Month, _punch
from tests.api.support import API, assert_problem, client_of, first_task, get, post
from tests.factories import COUNTY, make_child, make_enrolment

pytestmark = pytest.mark.django_db
ACCEPTED = {"decision": "accepted", "reason": "与签到表一致, 予以采纳"}


def came(child: Child, place: Institution, days: Iterable[date]) -> None:
    Punch.objects.bulk_create(
        _punch(child, place, day, time(*clock), direction)
        for day in days
        for clock, direction in (((8, 25), "in"), ((16, 20), "out"))
    )


def overlap(month: Month, *numbers: int) -> Alert:
    """欧阳娜娜 of 茉莉 at 青竹 as well on these days, found by the rule itself."""
    child = month.children["MOLI-2"]
    Punch.objects.bulk_create(
        Punch(
            child=child,
            institution=month.cast.bamboo,
            happened_at=f"2026-10-{number:02d}T{clock}+08:00",
            arrived_at=f"2026-10-{number:02d}T{clock}+08:00",
            direction=direction,
            source="face",
            device="BAMB-01",
            idempotency_key=f"both-{number}-{direction}",
        )
        for number in numbers
        for clock, direction in (("09:00:00", "in"), ("15:00:00", "out"))
    )
    alerts_raise(county_code=COUNTY, month=OCTOBER)
    return Alert.objects.get(rule="several_institutions")


def propose(month: Month, alert: Alert, number: int, **changed: Any) -> Any:
    body = {
        "child_id": month.children["MOLI-2"].pk,
        "institution_id": month.cast.jasmine.pk,
        "date": f"2026-10-{number:02d}",
        "kind": "absent",
        "reason": "当日实际在青竹, 闸机误刷",
        "alert_id": alert.pk,
        **changed,
    }
    return post(month.cast.operator_jasmine, "/corrections", body)


def decide(month: Month, proposed: Any, **changed: Any) -> Any:
    path = f"/corrections/{proposed.json()['id']}/decide"
    return post(month.cast.town_sanjiang, path, ACCEPTED | changed)


def open_at_jasmine(month: Month) -> int:
    rows = get(month.cast.county_one, "/statements").json()["results"]
    found: int = next(r["open_alerts"] for r in rows if r["id"] == month.jasmine.pk)
    return found


def test_an_accepted_correction_settles_the_alert_it_came_from_and_moves_the_money(reviewed: Month) -> None:
    company, alert = reviewed.cast, overlap(reviewed, 12)
    seen = get(company.operator_jasmine, f"/alerts/{alert.pk}").json()
    assert (seen["may_correct_at"], seen["corrected_as"]) == ([company.jasmine.pk], ["absent"])
    assert (open_at_jasmine(reviewed), seen["corrections"]) == (2, [])

    proposed = propose(reviewed, alert, 12)

    assert proposed.status_code == 201, proposed.content
    assert proposed.json()["alert"] == {"id": alert.pk, "rule_title": "考勤机构异常"}
    (row,) = get(company.town_sanjiang, f"/alerts/{alert.pk}").json()["corrections"]
    assert (row["date"], row["kind"], row["state"], row["maker_name"]) == (
        "2026-10-12", "absent", "proposed", "李茉莉",
    )  # fmt: skip  # one row
    assert row["child"] == {"id": reviewed.children["MOLI-2"].pk, "code": "MOLI-2", "name": "欧***"}
    assert get(company.county_one, f"/alerts/{alert.pk}").json()["status"] == "open"
    for neighbour in (
        company.operator_bamboo,
        company.town_luoshan,
    ):  # the alert is theirs, too; the correction is not
        assert get(neighbour, f"/alerts/{alert.pk}").json()["corrections"] == []

    assert decide(reviewed, proposed).status_code == 200

    body = get(company.county_one, f"/alerts/{alert.pk}").json()
    assert (body["status"], body["corrections"][0]["state"]) == ("settled", "accepted")
    (outcome,) = body["outcomes"]
    assert (outcome["outcome"], outcome["by_name"]) == ("corrected", "王三江")
    assert outcome["reason"] == f"更正 {proposed.json()['id']} 已采纳: 与签到表一致, 予以采纳"
    assert open_at_jasmine(reviewed) == 1  # the headcount of the month is still open
    lines = get(company.county_one, f"/statements/{reviewed.jasmine.pk}/lines").json()["results"]
    assert lines[1]["attended_days"] == 16  # 17 before
    alerts_raise(county_code=COUNTY, month=OCTOBER)  # punches stay, so the evidence does: the outcome holds
    assert Alert.objects.get(pk=alert.pk).state == "settled"


def test_half_of_the_days_corrected_leaves_the_alert_open(reviewed: Month) -> None:
    alert = overlap(reviewed, 12, 13)
    first = propose(reviewed, alert, 12)
    decide(reviewed, first)
    assert Alert.objects.get(pk=alert.pk).state == "open"
    assert open_at_jasmine(reviewed) == 2
    day = propose(
        reviewed, alert, 13, alert_id=None
    )  # from the day itself: what counts is that it was accepted
    assert day.json()["alert"] is None
    decide(reviewed, day)
    assert Alert.objects.get(pk=alert.pk).state == "settled"


def test_a_correction_the_other_way_or_refused_answers_nothing(reviewed: Month) -> None:
    alert = overlap(reviewed, 9, 12)  # on the 9th the exit at 茉莉 is missing
    wrong_way = propose(reviewed, alert, 9, kind="present", reason="闸机故障, 有监控为证")
    decide(reviewed, wrong_way)
    decide(reviewed, propose(reviewed, alert, 12))
    assert Alert.objects.get(pk=alert.pk).state == "open"
    refused = propose(reviewed, alert, 9)
    decide(reviewed, refused, decision="rejected", reason="没有证据, 不予采纳")
    assert (Alert.objects.get(pk=alert.pk).state, AlertOutcome.objects.count()) == ("open", 0)


def test_the_newest_correction_of_a_day_counts(reviewed: Month) -> None:
    alert = overlap(reviewed, 12, 13)
    decide(reviewed, propose(reviewed, alert, 12))
    decide(reviewed, propose(reviewed, alert, 12, kind="present", reason="复核监控, 当日确实在园"))
    decide(reviewed, propose(reviewed, alert, 13))
    assert Alert.objects.get(pk=alert.pk).state == "open"  # on the 12th the child counts at both places again


def test_no_identity_number_in_a_reason(reviewed: Month) -> None:
    alert = overlap(reviewed, 12)
    assert_problem(
        propose(reviewed, alert, 12, reason="330683202401011234 当日请假"), 400, "reason_has_id_number"
    )
    proposed = propose(reviewed, alert, 12)
    assert_problem(decide(reviewed, proposed, reason="330683202401011234 属实"), 400, "reason_has_id_number")


def test_an_outcome_somebody_gave_meanwhile_stays(reviewed: Month) -> None:
    alert = overlap(reviewed, 12)
    proposed = propose(reviewed, alert, 12)
    alert_settle(
        alert_id=alert.pk, outcome="confirmed", reason="两家均有打卡", actor=reviewed.cast.county_two
    )
    decide(reviewed, proposed)
    assert [one.outcome for one in AlertOutcome.objects.all()] == ["confirmed"]


def test_an_alert_about_a_whole_institution_waits_for_a_person(reviewed: Month) -> None:
    """Three came on the 19th and two are allowed: that one of them was not there is for the reviewer to weigh."""
    proposed = propose(reviewed, reviewed.alert, 19)
    assert proposed.status_code == 201, proposed.content
    decide(reviewed, proposed)
    assert Alert.objects.get(pk=reviewed.alert.pk).state == "open"


@pytest.mark.parametrize("what", ["child", "institution", "month", "gone", "unknown", "zero"])
def test_what_does_not_belong_to_the_alert_is_refused_and_nothing_remains(reviewed: Month, what: str) -> None:
    alert = overlap(reviewed, 12)
    changed: dict[str, Any] = {}
    status, code = 400, "correction_not_of_alert"
    match what:
        case "child":
            changed = {"child_id": reviewed.children["MOLI-1"].pk}
        case "institution":
            Alert.objects.filter(pk=alert.pk).update(child=None, evidence={})
            alert.touched.filter(institution=reviewed.cast.jasmine).delete()
            status, code = 404, "alert_not_found"  # the operator of 茉莉 has nothing to do with it any more
        case "month":
            Alert.objects.filter(pk=alert.pk).update(month="2026-09")
        case "gone":
            Alert.objects.filter(pk=alert.pk).update(state="gone")
            status, code = 409, "alert_gone"
        case "unknown":
            changed, status, code = {"alert_id": 2**62}, 404, "alert_not_found"
        case "zero":
            changed, code = {"alert_id": 0}, "invalid_input"
    assert_problem(propose(reviewed, alert, 12, **changed), status, code)
    assert (AttendanceCorrection.objects.count(), AlertCorrection.objects.count()) == (0, 0)


def test_only_an_institution_corrects_and_only_at_home(reviewed: Month) -> None:
    company, alert = reviewed.cast, overlap(reviewed, 12)
    for user in (company.town_sanjiang, company.county_one, company.auditor):
        assert get(user, f"/alerts/{alert.pk}").json()["may_correct_at"] == []
    assert get(company.operator_bamboo, f"/alerts/{alert.pk}").json()["may_correct_at"] == [company.bamboo.pk]
    assert_problem(
        propose(reviewed, alert, 12, institution_id=company.bamboo.pk), 404, "institution_not_found"
    )
    Alert.objects.filter(pk=alert.pk).update(state="gone")
    assert get(company.operator_jasmine, f"/alerts/{alert.pk}").json()["may_correct_at"] == []


def full_class(month: Month) -> Alert:
    """Eight children of one class without an absence, found by the flow's own steps."""
    place = month.cast.jasmine
    for _ in range(8):
        child = make_child()
        make_enrolment(child, place, class_type="mixed")
        came(child, place, WORKDAYS)
    cycle_calculate(cycle_id=month.cycle.pk)
    cycle_warn(cycle_id=month.cycle.pk)
    return Alert.objects.get(rule="perfect_class")


def test_alerts_that_rest_on_counted_days_follow_at_once(reviewed: Month) -> None:
    alert, company = full_class(reviewed), reviewed.cast
    before = dict(Alert.objects.exclude(pk=alert.pk).values_list("pk", "state"))
    child = alert.evidence["child_ids"][0]
    proposed = propose(reviewed, alert, 20, child_id=child, reason="当日请假, 误点签到")
    assert Alert.objects.get(pk=alert.pk).state == "open"

    decide(reviewed, proposed)

    body = get(company.town_sanjiang, f"/alerts/{alert.pk}").json()
    assert (body["status"], body["settle_refusal"]) == ("gone", "该预警已消除, 无需处置")
    assert dict(Alert.objects.exclude(pk=alert.pk).values_list("pk", "state")) == before
    cycle_warn(cycle_id=reviewed.cycle.pk)  # the whole run finds the same
    assert Alert.objects.get(pk=alert.pk).state == "gone"


def test_the_approver_sees_that_the_alert_is_settled(reviewed: Month) -> None:
    """Read, then corrected, then approved as read: refused with what moved."""
    company, alert = reviewed.cast, overlap(reviewed, 12)
    alert_settle(
        alert_id=reviewed.alert.pk, outcome="dismissed", reason="开放日, 已核实", actor=company.county_two
    )
    task = first_task(company.town_sanjiang)
    seen = get(company.town_sanjiang, f"/tasks/{task['id']}").json()["content_hash"]
    decide(reviewed, propose(reviewed, alert, 12))
    body = {"decision": "approved", "content_hash": seen}
    refused = client_of(company.town_sanjiang).post(
        f"{API}/tasks/{task['id']}/complete", body, content_type="application/json"
    )
    assert_problem(refused, 409, "content_changed")
