"""Celery application for production; the embedded edition polls the same job table instead."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.production")

app = Celery("zhishan")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    # A killed worker's message must come back: acknowledge late, prefetch one, limit below half the visibility time.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    broker_transport_options={"visibility_timeout": 900},
    task_time_limit=300,
    timezone=settings.TIME_ZONE,
)
app.autodiscover_tasks(["workflows", "backend.jobs"])
