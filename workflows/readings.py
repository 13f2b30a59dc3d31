"""看没看: what a person opened before they decided, noted by the server while they read.

A reading belongs to somebody who could decide the task; a passer-by leaves no trace. It is never a gate: nobody
is kept from deciding because they looked too briefly. It is evidence, and shown beside the decision.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from workflows.access import OPEN
from workflows.history import event_of, subject_of
from workflows.models import ProcessEvent, TaskReading
from workflows.selectors import TaskDetail, detail_of, task_case


def task_read(*, actor: User, task_id: int) -> TaskDetail:
    """One task as `task_detail` gives it, and the note that this person, who could decide it, has opened it."""
    case = task_case(actor=actor, task_id=task_id)
    if case.person_refusal is None:
        task_opened(task=case.task, actor=actor)
    return detail_of(case)


def task_opened(*, task: Any, actor: User) -> bool:
    """Note the first opening of an open task by this person, with an `OPENED` event; False when there was nothing new.

    Without the lock of the process, so that reading never waits for an action: whoever opens a task in the
    moment it is withdrawn sees it gone at their next click.
    """
    if task.status not in OPEN or TaskReading.objects.filter(task_id=task.pk, actor=actor).exists():
        return False
    now = timezone.now()
    try:
        with transaction.atomic():
            TaskReading.objects.create(task_id=task.pk, actor=actor, opened_at=now, seen_at=now)
            event_of(
                ProcessEvent.Kind.OPENED,
                process=task.process,
                subject=subject_of(task.process),
                task=task,
                node=task.flow_task,
                actor=actor,
            ).save(force_insert=True)
    except IntegrityError:  # the same person's other tab was first
        return False
    return True
