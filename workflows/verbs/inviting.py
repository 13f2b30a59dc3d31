"""加签 and 抄送: asking a colleague for their opinion, which the decision then waits for, and letting one know."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.utils import timezone
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.exchange.services import outbox_add
from backend.common.errors import Conflict, DomainError, Forbidden
from workflows.access import Case
from workflows.actions import ActionPayload
from workflows.duties import Duty, lock_people
from workflows.models import Invitation, ProcessEvent
from workflows.people import about, people_named
from workflows.topics import OPINION_GIVEN, TASK_INVITED
from workflows.verbs.base import Verb, comment_of, invalid, names, no_id_number, note, refuse
from workflows.verbs.targets import Purpose, target_refusals

MAX_PEOPLE = 20
Kind = Invitation.Kind


# --- 加签 ------------------------------------------------------------------------------------------------
def consult_refusal(case: Case) -> DomainError | None:
    """Whoever may work at the task; asking about an unclaimed one claims it."""
    return case.taking_refusal


def consult_act(case: Case, payload: ActionPayload) -> None:
    question = comment_of(payload, "请写明征求意见的问题")
    people = _guests(case, payload, Kind.OPINION)
    waiting = {one.person_id for one in case.waiting_opinions}
    again = [person for person in people if person.pk in waiting]
    if again:
        raise Conflict("already_asked", f"已在征求 {names(again)} 的意见")
    if case.task.status == STATUS.NEW:
        case.activation.assign(case.actor)
        note(case, ProcessEvent.Kind.CLAIMED, "workflows.task.claimed")
    _invite(case, people, Kind.OPINION, question)
    note(
        case,
        ProcessEvent.Kind.CONSULTED,
        "workflows.task.consulted",
        comment=question,
        detail=_named(people),
    )


def consult_cancel_refusal(case: Case) -> DomainError | None:
    """Whoever asked, and whoever holds the task now."""
    if case.closed_refusal is not None:
        return case.closed_refusal
    if not case.waiting_opinions:
        return Conflict("nobody_asked", "没有等待中的征求意见")
    if not _own_questions(case):
        return Forbidden("not_holder", "只有征求意见的人和办理人可以撤回")
    return None


def consult_cancel_act(case: Case, payload: ActionPayload) -> None:
    """Those named, or all of them."""
    wanted = set(payload.person_ids)
    questions = [one for one in _own_questions(case) if not wanted or one.person_id in wanted]
    if not questions:
        raise Conflict("nobody_asked", "没有等待中的征求意见")
    Invitation.objects.filter(pk__in=[one.pk for one in questions]).update(withdrawn_at=timezone.now())
    case.invitations_changed()
    note(
        case,
        ProcessEvent.Kind.CONSULT_CANCELLED,
        "workflows.task.consult_cancelled",
        detail=_named([one.person for one in questions]),
    )


def opinion_refusal(case: Case) -> DomainError | None:
    if _question_to(case) is None:
        return Forbidden("not_asked", "没有人就这件任务征求您的意见, 或您已答复")
    return case.closed_refusal or target_refusals(case, [case.actor], Purpose.CONSULT)[case.actor.pk]


def opinion_act(case: Case, payload: ActionPayload) -> None:
    opinion = comment_of(payload, "请填写意见")
    question = _question_to(case)
    assert question is not None
    lock_people(case.actor)
    refuse(opinion_refusal(case))
    Invitation.objects.filter(pk=question.pk).update(opinion=opinion, answered_at=timezone.now())
    case.invitations_changed()
    note(
        case,
        ProcessEvent.Kind.OPINION,
        "workflows.task.opinion_given",
        comment=opinion,
        duty=Duty.CONSULT.value,
    )
    outbox_add(topic=OPINION_GIVEN, key=f"opinion:{question.pk}", payload={"invitation_id": question.pk})


def _own_questions(case: Case) -> list[Invitation]:
    holder = case.task.owner_id == case.actor.pk
    return [one for one in case.waiting_opinions if holder or one.by_id == case.actor.pk]


def _question_to(case: Case) -> Invitation | None:
    return next((one for one in case.waiting_opinions if one.person_id == case.actor.pk), None)


# --- 抄送 ------------------------------------------------------------------------------------------------
def copy_refusal(case: Case) -> DomainError | None:
    """Whoever holds the task or has decided it."""
    if case.task.owner_id != case.actor.pk:
        return Forbidden("not_holder", "认领或办理了这件任务的人才能抄送")
    return case.cancelled_refusal


def copy_act(case: Case, payload: ActionPayload) -> None:
    text = payload.comment.strip()
    no_id_number(text)
    people = _guests(case, payload, Kind.COPY)
    known = {one.person_id for one in case.copies}
    again = [person for person in people if person.pk in known]
    if again:
        raise Conflict("already_copied", f"已抄送过 {names(again)}")
    _invite(case, people, Kind.COPY, text)
    note(case, ProcessEvent.Kind.COPIED, "workflows.task.copied", comment=text, detail=_named(people))


def read_refusal(case: Case) -> DomainError | None:
    if not any(one.person_id == case.actor.pk and one.read_at is None for one in case.copies):
        return Conflict("nothing_to_read", "没有抄送给您的未读任务")
    return None


def read_act(case: Case, payload: ActionPayload) -> None:
    Invitation.objects.filter(task=case.task, person=case.actor, kind=Kind.COPY, read_at__isnull=True).update(
        read_at=timezone.now()
    )
    case.invitations_changed()
    note(case, ProcessEvent.Kind.READ, "workflows.task.read")


# --- both ---------------------------------------------------------------------------------------------
def _guests(case: Case, payload: ActionPayload, kind: Invitation.Kind) -> list[User]:
    """The colleagues named, each of whom must see the rows anyway: an invitation opens no door."""
    ids = tuple(dict.fromkeys(payload.person_ids))
    if not 1 <= len(ids) <= MAX_PEOPLE:
        raise invalid("person_required", "person_ids", f"请选择 1 到 {MAX_PEOPLE} 位同事")
    found = people_named(ids)
    if len(found) != len(ids):
        raise invalid("person_unknown", "person_ids", "没有这位同事, 或其账号已停用")
    people = [found[pk] for pk in ids]
    if case.actor.pk in ids:
        raise invalid("person_is_self", "person_ids", "不能选择自己")
    purpose = Purpose.CONSULT if kind == Kind.OPINION else Purpose.COPY
    refusals = target_refusals(case, people, purpose)
    for person in people:
        refusal = refusals[person.pk]
        if refusal is not None:
            raise Conflict(
                "target_not_eligible",
                f"不能邀请 {person.display_name}: {about(refusal, person)}",
                reason_code=refusal.code,
            )
    return people


def _invite(case: Case, people: Sequence[User], kind: Invitation.Kind, text: str) -> None:
    earlier = sum(1 for one in case.invitations if one.kind == kind)
    case.invitations_changed()
    Invitation.objects.bulk_create(
        Invitation(
            task=case.task,
            kind=kind,
            number=earlier + position,
            person=person,
            by=case.actor,
            by_name=case.actor.display_name,
            text=text,
            at=timezone.now(),
        )
        for position, person in enumerate(people, start=1)
    )
    outbox_add(
        topic=TASK_INVITED,
        key=f"invited:{uuid.uuid4().hex}",
        payload={
            "task_id": case.task.pk,
            "kind": kind.value,
            "by_id": case.actor.pk,
            "person_ids": [person.pk for person in people],
        },
    )


def _named(people: Sequence[User]) -> dict[str, object]:
    return {"person_ids": [person.pk for person in people], "to_name": names(people)}


consult = Verb("consult", "加签", consult_refusal, consult_act)
consult_cancel = Verb("consult_cancel", "撤回加签", consult_cancel_refusal, consult_cancel_act)
opinion = Verb("opinion", "答复意见", opinion_refusal, opinion_act)
copy = Verb("copy", "抄送", copy_refusal, copy_act)
read = Verb("read", "已阅", read_refusal, read_act)
