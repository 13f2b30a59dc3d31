"""Periodic Celery tasks of the product (production); thin, and each also a part of `manage.py run_jobs`."""

from celery import shared_task

from backend.apps.exchange.services import outbox_drain
from workflows.messages import HANDLERS


@shared_task(name="jobs.outbox_drain")
def outbox_drain_task() -> int:
    return outbox_drain(handlers=HANDLERS).delivered
