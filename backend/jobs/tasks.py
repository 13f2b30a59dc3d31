"""Periodic Celery tasks of the product (production); thin, and each also a part of `manage.py run_jobs`."""

from celery import shared_task

from backend.apps.exchange.services import outbox_drain
from backend.apps.seals.services import late_look, seals_watch
from workflows.messages import HANDLERS


@shared_task(name="jobs.outbox_drain")
def outbox_drain_task() -> int:
    return outbox_drain(handlers=HANDLERS).delivered


@shared_task(name="jobs.seals_watch")
def seals_watch_task() -> int:
    return seals_watch().opened


@shared_task(name="jobs.late_look")
def late_look_task() -> int:
    return late_look()
