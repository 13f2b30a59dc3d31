"""Running jobs: one body for the embedded poller and for Celery. The machinery is in `leases`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from viewflow.workflow.status import STATUS

from backend.apps.exchange.services import outbox_add
from workflows.background import BackgroundWork
from workflows.fan_out import children_open, try_join
from workflows.history import record
from workflows.leases import Claim, Failure, Heartbeat, Outcome, Work, hold_on, run_leased
from workflows.locked import locked_activation
from workflows.models import JobRun, ProcessEvent
from workflows.nodes import FanOut, Job
from workflows.topics import JOB_FAILED

__all__ = ["FlowWork", "Outcome", "run_job", "work_of"]


def run_job(*, external_id: str, task_id: int | None = None) -> Outcome:
    """Claim, work, finish. Any number of deliveries of the same job have one effect.

    `task_id` is the flow task the sender meant; a message that names another one is not for this job.
    """
    run = JobRun.objects.filter(external_id=external_id).only("pk", "task_id").first()
    if run is None or run.task_id != task_id:
        return Outcome.SKIPPED
    return run_leased(work_of(run), run_id=run.pk, external_id=external_id)


def work_of(run: JobRun) -> Work:
    return BackgroundWork(run.pk) if run.task_id is None else FlowWork(run.task_id)


class FlowWork:
    """The job of a node: its lock is its process's, its state the task's."""

    node: Job
    cycle_id: int
    process_id: int

    def __init__(self, task_id: int) -> None:
        self.task_id = task_id

    @property
    def name(self) -> str:
        node = getattr(self, "node", None)
        return f"{'?' if node is None else node.name} of task {self.task_id}"

    def locked(self) -> AbstractContextManager[Any]:
        return locked_activation(self.task_id)

    def waits(self, activation: Any, external_id: str) -> bool:
        task = activation.task
        return task.external_task_id == external_id and task.status in (STATUS.SCHEDULED, STATUS.STARTED)

    def claimed(self, activation: Any) -> None:
        activation.start()
        self.node = activation.flow_task
        self.cycle_id = activation.process.cycle_run.cycle_id
        self.process_id = activation.process.pk

    def do(self, claim: Claim, heartbeat: Heartbeat) -> Mapping[str, Any]:
        if isinstance(self.node, FanOut):
            return children_open(
                task_id=self.task_id,
                check_mine=lambda activation: hold_on(self, activation, claim),
                progress=heartbeat.progress,
            )
        return self.node.work(self.cycle_id, heartbeat.progress)

    def working(self, activation: Any, external_id: str) -> bool:
        task = activation.task
        return task.status == STATUS.STARTED and task.external_task_id == external_id

    def finished(self, activation: Any, claim: Claim, result: Mapping[str, Any]) -> None:
        """A `FanOut` stays open until its last child is finished; every other job ends here."""
        fan_out = isinstance(self.node, FanOut)
        record(
            ProcessEvent.Kind.JOB_DONE,
            activation=activation,
            detail=dict(result) if fan_out else {"attempts": claim.attempt},
        )
        if not fan_out:
            activation.execute()

    def after_finish(self) -> None:
        if isinstance(self.node, FanOut):
            try_join(self.process_id)  # a month without statements has nothing to wait for

    def postponed(self, activation: Any, claim: Claim, failure: Failure | None) -> None:
        activation.postpone()
        if failure is not None:
            record(
                ProcessEvent.Kind.JOB_RETRIED,
                activation=activation,
                detail={
                    "incident": failure.incident,
                    "type": failure.error_class,
                    "attempt": claim.attempt,
                },
            )

    def failed(self, activation: Any, run: JobRun, failure: Failure) -> None:
        activation.error(failure.incident, failure.error_class)
        record(
            ProcessEvent.Kind.JOB_FAILED,
            activation=activation,
            detail={
                "incident": failure.incident,
                "type": failure.error_class,
                "code": failure.code,
                "attempts": run.attempts,
            },
        )
        outbox_add(topic=JOB_FAILED, key=f"job_failed:{run.pk}", payload={"job_run_id": run.pk})
