"""Celery bodies of the flows; the embedded edition runs the same functions in `manage.py run_jobs`."""

from celery import shared_task

from workflows import jobs, runner
from workflows.beats import CELERY, beat
from workflows.job_queue import RUN_JOB
from workflows.unattended_notices import unattended_tell


@shared_task(name=RUN_JOB)
def run_job(task_id: int | None, external_id: str) -> str:
    return jobs.run_job(task_id=task_id, external_id=external_id).value


@shared_task(name="workflows.unattended_tell")
def tell_unattended() -> int:
    return unattended_tell()


@shared_task(name="workflows.reconcile")
def reconcile() -> None:
    beat(CELERY)
    runner.reconcile()
