"""批的是这一版, when it moves at the very moment of the decision."""

from __future__ import annotations

from functools import partial

from backend.apps.subsidy.models import StatementDecision
from backend.common.errors import DomainError
from tests.apps.months import make_alert
from tests.support.races import together
from tests.workflows.test_content_changed import Reviewer, move_amount
from tests.workflows.world import World
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
