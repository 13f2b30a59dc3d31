"""Celery application for production; the embedded edition polls the same job table instead.

A worker may be killed at any moment. Late acknowledgement, prefetch one and a time limit below half the
visibility time bring its message back; the `JobRun` row would bring the job back without any message.
The edition is the one DJANGO_SETTINGS_MODULE names: `celery -A backend.config.celery worker`.
"""

from typing import Any

from celery import Celery
from celery.signals import worker_init


def _configuration() -> dict[str, Any]:
    """Read when Celery first needs it: this module is loaded before Django's settings are."""
    from django.conf import settings

    return {
        "broker_url": settings.CELERY_BROKER_URL,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": 900,
            # A broker that is down must not hold up the request that created the job.
            "socket_connect_timeout": 1,
            "max_retries": 0,
        },
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_ignore_result": True,
        "task_time_limit": 300,
        "timezone": settings.TIME_ZONE,
        "beat_schedule": {
            "reconcile": {"task": "workflows.reconcile", "schedule": 15.0, "options": {"expires": 15}},
            "unattended": {
                "task": "workflows.unattended_tell",
                "schedule": 300.0,
                "options": {"expires": 300},
            },
            "late-look": {"task": "jobs.late_look", "schedule": 120.0, "options": {"expires": 120}},
            "seals-watch": {"task": "jobs.seals_watch", "schedule": 30.0, "options": {"expires": 30}},
            "outbox-drain": {"task": "jobs.outbox_drain", "schedule": 5.0, "options": {"expires": 5}},
        },
    }


app = Celery("zhishan")
app.set_default()  # for every thread of a web server, not only the one that loads this module
app.add_defaults(_configuration)
app.autodiscover_tasks(["workflows", "backend.jobs"])


@worker_init.connect
def _refuse_unfit_database(**_: Any) -> None:
    """Celery logs what a handler raises and goes on; only leaving the process keeps the worker from starting."""
    from django.core.exceptions import ImproperlyConfigured

    from workflows.startup import refuse_unfit_database

    try:
        refuse_unfit_database()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error
