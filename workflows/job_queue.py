"""Putting jobs in line: the `JobRun` row is the queue, a broker only makes it faster."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from workflows.models import JobRun

logger = logging.getLogger(__name__)

RUN_JOB = "workflows.run_job"  # name of the Celery task, see `tasks`


def job_add(task: Any, *, cycle_id: int) -> None:
    """The outbox row of a job task, in the transaction that created the task; sent after the commit."""
    now = timezone.now()
    JobRun.objects.create(
        task=task, cycle_id=cycle_id, external_id=task.external_task_id, created_at=now, not_before=now
    )
    task_id, external_id = task.pk, task.external_task_id
    transaction.on_commit(lambda: job_send(task_id=task_id, external_id=external_id))


def resend_after_commit(run: JobRun) -> None:
    """For a job that goes back in line."""
    task_id, external_id = run.task_id, run.external_id
    transaction.on_commit(lambda: job_send(task_id=task_id, external_id=external_id))


def job_title(run: JobRun) -> str:
    """What people call it; the node's name where the code no longer knows the node."""
    if run.task is None:
        return run.background.title
    return str(getattr(run.task.flow_task, "task_title", "") or "作业")


def job_send(*, external_id: str, task_id: int | None = None) -> None:
    """Tell the broker, if there is one; without a task it is a background job. Never raises: the row is committed, and `reconcile` sends it again."""
    if settings.JOB_RUNNER != "celery":
        return  # the embedded poller reads the rows
    try:
        current_app.send_task(RUN_JOB, args=[task_id, external_id], retry=False)
        JobRun.objects.filter(external_id=external_id).update(enqueued_at=timezone.now())
    except Exception as error:  # noqa: BLE001  # no trouble here may reach the user, whose act is done
        logger.warning("job %s not sent: %s", external_id, type(error).__name__)
