"""Punches that arrive while a statement is back at its institution are in the next round."""

from __future__ import annotations

from backend.apps.enrolment.models import Enrolment
from backend.apps.subsidy.models import EntitlementLine
from tests.factories.attendance import make_punch_pair
from tests.workflows.denials import refused
from tests.workflows.world import World


def test_resubmission_recalculates(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    line = EntitlementLine.objects.filter(statement__institution=jasmine).order_by("id")[0]
    enrolment = Enrolment.objects.get(child=line.child, institution=jasmine)
    letters = line.derivation["d"]
    day = next(number for number, letter in enumerate(letters, start=1) if letter in "aub")
    other = EntitlementLine.objects.exclude(statement__institution=jasmine).order_by("id").values_list()
    others = list(other)
    reviewing.complete(
        reviewing.open_task("review_township", jasmine), cast.town_sanjiang, "returned", comment="缺打卡"
    )

    month = line.statement.cycle.month
    make_punch_pair(enrolment.child, jasmine, month.first_day.replace(day=day))
    line.refresh_from_db()
    assert line.derivation["d"] == letters  # nothing moves by itself while people look at it
    reviewing.complete(
        reviewing.open_task("correct", jasmine), cast.operator_jasmine, "resubmitted", comment="已补传"
    )
    task = reviewing.open_task("review_township", jasmine)
    with refused(
        409, "recalculating", "不可通过: 正在按最新考勤重新计算, 请稍候"
    ):  # the runner has not been there
        reviewing.complete(task, cast.town_sanjiang, "approved")
    reviewing.run()

    after = EntitlementLine.objects.get(pk=line.pk)
    assert after.attended_days == line.attended_days + 1
    assert (day, after.derivation["d"][day - 1]) == (10, "M")  # a Saturday, 调休上班
    assert after.amount > line.amount
    assert reviewing.statement(jasmine).total_amount == sum(
        row.amount for row in EntitlementLine.objects.filter(statement__institution=jasmine)
    )
    assert list(other.all()) == others
    reviewing.complete(task, cast.town_sanjiang, "approved")
