"""Celery application for production; the embedded edition polls the same job table instead.

A worker may be killed at any moment. Late acknowledgement, prefetch one and a time limit below half the
visibility time bring its message back; the `JobRun` row would bring the job back without any message.
"""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.production")

app = Celery("zhishan", set_as_current=True)
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 900,
        # A broker that is down must not hold up the request that created the job.
        "socket_connect_timeout": 2,
        "max_retries": 1,
        "interval_start": 0,
        "interval_max": 0.2,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    task_time_limit=300,
    timezone=settings.TIME_ZONE,
    beat_schedule={
        "reconcile": {"task": "workflows.reconcile", "schedule": 15.0, "options": {"expires": 15}},
        "outbox-drain": {"task": "jobs.outbox_drain", "schedule": 5.0, "options": {"expires": 5}},
    },
)
app.autodiscover_tasks(["workflows", "backend.jobs"])
