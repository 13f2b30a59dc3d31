"""批的是这一版, when it moves at the very moment of the decision."""

from __future__ import annotations

from functools import partial

from backend.apps.subsidy.models import EntitlementLine, StatementDecision
from backend.common.errors import DomainError
from tests.apps.months import make_alert
from tests.factories.attendance import make_punch_pair
from tests.support.races import together
from tests.workflows.test_content_changed import Reviewer, move_amount
from tests.workflows.test_verb_races import ROUNDS, codes, decide
from tests.workflows.world import World, fresh
from workflows import beside
from workflows.models import ProcessEvent


def test_two_confirmations_at_once(reviewing: World) -> None:
    reviewer = Reviewer(reviewing)
    move_amount(reviewing)
    details = reviewer.refused()
    confirm = partial(reviewer.complete, details["content_hash"], confirms=reviewer.seen)
    results = together(*([confirm] * 4))
    assert [type(found).__name__ for found in results].count("PerformResult") == 1
    assert {found.code for found in results if isinstance(found, DomainError)} == {"task_not_open"}
    assert ProcessEvent.objects.filter(kind="decided", task_id=reviewer.task.pk).count() == 1


def test_a_change_at_the_moment_of_the_decision(reviewing: World) -> None:
    """Either the decision came first, on what was seen, or it is refused; never a decision on something else."""
    reviewer = Reviewer(reviewing)
    alert = partial(make_alert, reviewing.cast.jasmine, blocking=True)
    decided, _raised = together(reviewer.complete, alert)
    if isinstance(decided, DomainError):
        assert decided.code == "content_changed"
        assert not StatementDecision.objects.exists()
    else:
        assert StatementDecision.objects.get().content_hash == reviewer.seen


def test_a_correction_checked_while_its_statement_is_resubmitted(reviewing: World) -> None:
    """Both take the month before the county's attendance: neither waits for the other in a circle, nobody is told to try again.

    The old order was attendance before month for the correction: with punches still to be folded, the two deadlocked.
    """
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    line = EntitlementLine.objects.filter(statement__institution=jasmine).order_by("id")[0]
    child, month = line.child, reviewing.cycle.month
    for number in range(ROUNDS):
        task = reviewing.open_task("review_township", jasmine)
        reviewing.complete(task, cast.town_sanjiang, "returned", comment="缺打卡")
        make_punch_pair(child, jasmine, month.first_day.replace(day=19 + number))
        proposed = beside.correction_propose(
            child_id=child.pk,
            institution_id=jasmine.pk,
            date=month.first_day.replace(day=26 + number),
            kind="present",
            reason="闸机故障",
            actor=fresh(cast.operator_jasmine),
        )
        check = partial(
            beside.correction_check,
            correction_id=proposed.pk,
            decision="accepted",
            reason="监控属实",
            actor=fresh(cast.town_sanjiang),
        )
        resubmit = decide(reviewing.open_task("correct", jasmine), cast.operator_jasmine, "resubmitted")
        resubmitted, checked = codes(together(resubmit, check))
        assert (resubmitted, checked) in {("done", "done"), ("content_changed", "done")}
        if resubmitted == "content_changed":  # the correction came first
            decide(reviewing.open_task("correct", jasmine), cast.operator_jasmine, "resubmitted")()
        proposed.refresh_from_db()
        assert proposed.state == "accepted"
        total = reviewing.statement(jasmine).total_amount
        assert total == sum(
            row.amount for row in EntitlementLine.objects.filter(statement__institution=jasmine)
        )
