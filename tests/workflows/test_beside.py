"""Duties beside the flow are kept apart from those in it, in either order, and nothing of a refused act remains."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert, AlertOutcome
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.subsidy.models import Evaluation
from backend.common.errors import Forbidden
from tests.apps.months import make_alert, propose_correction
from tests.support.races import together
from tests.workflows.denials import refused
from tests.workflows.test_duties import also
from tests.workflows.world import World, fresh
from workflows.beside import alert_settle, correction_check, correction_propose

REASON = "已核实, 属开放日"


def two_sided(world: World) -> User:
    """李茉莉 of 茉莉 is a county reviewer as well: a small bureau, or an attempt."""
    return also(world.cast.operator_jasmine, "county_reviewer")


def propose(world: World, actor: User) -> AttendanceCorrection:
    statement = world.statement(world.cast.jasmine)
    child = statement.lines.order_by("id")[0].child
    return correction_propose(
        child_id=child.pk,
        institution_id=world.cast.jasmine.pk,
        date=date(2026, 10, 15),
        kind="present",
        reason="闸机故障, 有监控",
        actor=actor,
    )


def test_who_speaks_for_an_institution_settles_nothing_there(reviewing: World) -> None:
    person, cast = two_sided(reviewing), reviewing.cast
    propose(reviewing, person)
    here = make_alert(cast.nowhere, touched=(cast.jasmine,))
    with refused(403, "duty_conflict", "您已办理过本月该机构的考勤更正申请, 不能再做预警处置"):
        alert_settle(alert_id=here.pk, outcome="dismissed", reason=REASON, actor=person)
    assert (Alert.objects.get(pk=here.pk).state, AlertOutcome.objects.count()) == ("open", 0)
    elsewhere = make_alert(cast.bamboo)
    alert_settle(alert_id=elsewhere.pk, outcome="dismissed", reason=REASON, actor=person)
    alert_settle(alert_id=here.pk, outcome="dismissed", reason=REASON, actor=cast.county_two)


def test_who_settled_or_reviewed_proposes_nothing_there(reviewing: World) -> None:
    person, cast = two_sided(reviewing), reviewing.cast
    alert = make_alert(cast.jasmine)
    alert_settle(alert_id=alert.pk, outcome="dismissed", reason=REASON, actor=person)
    with refused(403, "duty_conflict", "您已办理过本月该机构的预警处置, 不能再做考勤更正申请"):
        propose(reviewing, person)
    assert AttendanceCorrection.objects.count() == 0


def test_who_set_the_days_proposes_nothing_in_the_county(opened: World) -> None:
    person = two_sided(opened)
    opened.set_days(person)
    opened.run()
    with refused(403, "duty_conflict", "您已办理过本月的应考勤天数设置, 不能再做考勤更正申请"):
        propose(opened, person)


def test_a_correction_of_a_colleague_is_not_checked_by_the_same_institution(reviewing: World) -> None:
    person, cast = two_sided(reviewing), reviewing.cast
    propose(reviewing, person)
    of_another = propose_correction(reviewing.statement(cast.jasmine), cast.operator_bamboo)
    with refused(403, "duty_conflict", "您已办理过本月该机构的考勤更正申请, 不能再做考勤更正核定"):
        correction_check(correction_id=of_another.pk, decision="accepted", reason="属实", actor=person)
    checked = correction_check(
        correction_id=of_another.pk, decision="rejected", reason="无证据", actor=cast.county_two
    )
    assert checked.checker == cast.county_two


def test_a_month_nobody_opened_has_no_parts(reviewing: World) -> None:
    person = two_sided(reviewing)
    other = make_alert(reviewing.cast.jasmine)
    Alert.objects.filter(pk=other.pk).update(month="2026-09")
    assert alert_settle(alert_id=other.pk, outcome="dismissed", reason=REASON, actor=person).by == person


@pytest.mark.parametrize("attempt", range(3))
def test_evaluating_and_settling_at_once_by_one_person(reviewing: World, attempt: int) -> None:
    """Each alone is allowed; the second one waits for the first and is then refused."""
    person = also(reviewing.cast.evaluator, "county_reviewer")
    reviewing.approve_all()
    alert = make_alert(reviewing.cast.jasmine, blocking=False)
    results = together(
        partial(reviewing.evaluate, person),
        partial(alert_settle, alert_id=alert.pk, outcome="dismissed", reason=REASON, actor=fresh(person)),
    )
    done = [result for result in results if not isinstance(result, Exception)]
    assert len(done) == 1, results
    assert Evaluation.objects.count() + AlertOutcome.objects.count() == 1
    failed = next(result for result in results if isinstance(result, Exception))
    assert isinstance(failed, Forbidden), failed
