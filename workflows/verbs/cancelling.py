"""取消月度周期: everything that is open in the month is cancelled with it. An evaluated month cannot be cancelled."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.exchange.services import outbox_add
from backend.apps.subsidy.services import cycle_cancel
from backend.common.errors import DomainError
from workflows.access import CycleCase
from workflows.actions import ActionPayload
from workflows.history import Subject, event_of, record
from workflows.models import ProcessEvent, StatementProcess
from workflows.nodes import HumanTask
from workflows.shown.store import shown_prune
from workflows.topics import CYCLE_CANCELLED
from workflows.turns import OPEN, activation_of
from workflows.verbs.base import Verb, comment_of, invalid

CANCEL = "subsidy.cancel_cycle"
BATCH = 500


def cancel_refusal(case: CycleCase) -> DomainError | None:
    return case.county_refusal(CANCEL, "取消月度周期") or case.running_refusal


def cancel_act(case: CycleCase, payload: ActionPayload) -> None:
    """The month's process is locked already; its reviews follow in the order of their ids, so nobody waits in a ring."""
    reason = comment_of(payload, "请写明取消的原因")
    if payload.confirmation.strip() != str(case.cycle.month):
        raise invalid("confirmation_mismatch", "confirmation", f"请输入 {case.cycle.month} 以确认取消")
    now = timezone.now()
    _cancel_reviews(
        case, now
    )  # before the row of the month: a resubmission holds its review and waits for that row
    cycle_cancel(cycle=case.cycle, reason=reason, actor=case.actor)
    ended = (STATUS.DONE, STATUS.CANCELED, STATUS.REVIVED)
    for task in Task.objects.filter(process_id=case.process.pk).exclude(status__in=ended).order_by("id"):
        activation = activation_of(task, case.process)
        human = isinstance(activation.flow_task, HumanTask)
        activation.cancel()
        record(
            ProcessEvent.Kind.CANCELLED if human else ProcessEvent.Kind.JOB_CANCELLED,
            activation=activation,
            actor=case.actor,
        )
    case.process.status, case.process.finished = PROCESS.CANCELED, now
    case.process.save()
    event_of(
        ProcessEvent.Kind.CANCELLED,
        process=case.process,
        subject=case.subject,
        actor=case.actor,
        comment=reason,
    ).save(force_insert=True)
    shown_prune(cycle_id=case.cycle.pk)
    outbox_add(topic=CYCLE_CANCELLED, key=f"cancelled:{case.cycle.pk}", payload={"cycle_id": case.cycle.pk})


def _cancel_reviews(case: CycleCase, now: datetime) -> None:
    """Set-based: a county has hundreds of open reviews, and all of them are held until the end."""
    reviews = StatementProcess.objects.filter(
        parent_task__process_id=case.process.pk, status=PROCESS.NEW
    ).order_by("pk")
    no_key = connection.features.has_select_for_no_key_update
    ids = list(reviews.select_for_update(of=("self",), no_key=no_key).values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        tasks = list(
            Task.objects.filter(process_id__in=some, status__in=OPEN)
            .select_related("process", "place__statement")
            .order_by("id")
        )
        Task.objects.filter(pk__in=[task.pk for task in tasks]).update(status=STATUS.CANCELED, finished=now)
        StatementProcess.objects.filter(pk__in=some).update(status=PROCESS.CANCELED, finished=now)
        ProcessEvent.objects.bulk_create(
            event_of(
                ProcessEvent.Kind.CANCELLED,
                process=task.process,
                subject=Subject(case.cycle, task.place.statement),
                task=task,
                node=task.flow_task,
                actor=case.actor,
            )
            for task in tasks
        )


cancel = Verb("cancel", "取消月度周期", cancel_refusal, cancel_act)
