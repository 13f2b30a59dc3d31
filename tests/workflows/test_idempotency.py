"""The same key again returns the first answer and does nothing."""

from __future__ import annotations

from backend.apps.subsidy.models import StatementDecision
from tests.workflows.denials import picture, refused
from tests.workflows.world import World, content_hash, fresh
from workflows.actions import ActionPayload, PerformResult
from workflows.models import IdempotentAction
from workflows.services import perform


def test_same_key_same_request(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    payload = ActionPayload(decision="approved", content_hash=content_hash(task), idempotency_key="k1")
    person = reviewing.cast.town_sanjiang
    first = perform(task_id=task.pk, actor=fresh(person), action="complete", payload=payload)
    assert first == PerformResult(task_id=task.pk, action="complete", status="done", decision="approved")
    before = picture()
    again = perform(task_id=task.pk, actor=fresh(person), action="complete", payload=payload)
    assert again == PerformResult(
        task_id=task.pk, action="complete", status="done", decision="approved", replayed=True
    )
    assert picture() == before
    assert IdempotentAction.objects.get().answer == {
        "task_id": task.pk,
        "action": "complete",
        "status": "done",
        "decision": "approved",
    }


def test_same_key_another_request(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    person, seen = reviewing.cast.town_sanjiang, content_hash(task)
    claim = ActionPayload(idempotency_key="k1")
    perform(task_id=task.pk, actor=person, action="claim", payload=claim)
    with refused(409, "idempotency_key_reused", "同一操作编号不能用于不同的内容"):
        reviewing.complete(task, person, "approved", content_hash=seen, idempotency_key="k1")
    with refused(409, "idempotency_key_reused"):
        perform(task_id=task.pk, actor=fresh(person), action="release", payload=claim)


def test_same_key_of_another_person_is_another_key(reviewing: World) -> None:
    one = reviewing.open_task("review_township", reviewing.cast.jasmine)
    other = reviewing.open_task("review_township", reviewing.cast.bamboo)
    key = ActionPayload(idempotency_key="k1")
    assert (
        perform(task_id=one.pk, actor=reviewing.cast.town_sanjiang, action="claim", payload=key).replayed
        is False
    )
    assert (
        perform(task_id=other.pk, actor=reviewing.cast.town_luoshan, action="claim", payload=key).replayed
        is False
    )
    assert IdempotentAction.objects.count() == 2


def test_a_refusal_is_not_remembered(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    person = reviewing.cast.town_sanjiang
    with refused(409, "content_changed"):
        reviewing.complete(task, person, "approved", content_hash="0" * 64, idempotency_key="k1")
    assert IdempotentAction.objects.count() == 0
    reviewing.complete(task, person, "approved", idempotency_key="k1")
    assert StatementDecision.objects.count() == 1


def test_the_stored_answer_is_not_shown_out_of_scope(reviewing: World) -> None:
    """A person who moved away does not get the old answer either."""
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    person = reviewing.cast.town_sanjiang
    key = ActionPayload(idempotency_key="k1")
    perform(task_id=task.pk, actor=person, action="claim", payload=key)
    person.role_assignments.update(region_code=reviewing.cast.luoshan.code)
    with refused(404, "task_not_found"):
        perform(task_id=task.pk, actor=fresh(person), action="claim", payload=key)


def test_claim_and_release(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    person = reviewing.cast.town_sanjiang
    assert perform(task_id=task.pk, actor=person, action="claim").status == "claimed"
    task.refresh_from_db()
    assert (task.owner, task.assigned is not None, task.status) == (person, True, "ASSIGNED")
    before = picture()
    assert perform(task_id=task.pk, actor=person, action="claim").status == "claimed"
    assert picture() == before  # one's own claim again changes nothing
    assert perform(task_id=task.pk, actor=person, action="release").status == "open"
    task.refresh_from_db()
    assert (task.owner, task.assigned, task.status) == (None, None, "NEW")
