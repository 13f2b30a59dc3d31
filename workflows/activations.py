"""State changes of our nodes, each a thin layer over Viewflow's.

Two shipped habits are switched off for all of them: an exception never ends as a task in ERROR with all
local variables stored beside it (a child's ID number could be among them), it rolls the transaction back;
and gateways take no savepoint for that purpose.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db.models import Q
from django.utils import timezone
from viewflow.workflow import nodes
from viewflow.workflow.activation import Activation
from viewflow.workflow.exceptions import FlowRuntimeError
from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.exchange.services import outbox_add
from workflows.deadlines import dates_for
from workflows.history import Subject, follows, record, subject_attach, subject_of
from workflows.job_queue import job_add
from workflows.models import JobRun, ProcessEvent, TaskPlace
from workflows.topics import TASK_CREATED

_transition = Activation.status.transition


class Propagating:
    """Every failure leaves through the caller: nothing is caught, nothing of it is stored."""

    def exception_guard(self) -> AbstractContextManager[None]:
        return nullcontext()


class HumanTaskActivation(Propagating, nodes.ViewActivation):
    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Any, data: Any = None, seed: Any = None
    ) -> HumanTaskActivation:
        """The task, its place (unique per step and round), the history row and the message to be sent."""
        task = flow_task.flow_class.task_class(
            process=prev_activation.process,
            flow_task=flow_task,
            token=token,
            data=data or {},
            owner_permission=flow_task.permission,  # static, and no `.Assign()` or onCreate: `checks` holds that
        )
        task.seed = seed
        task.save()
        follows(task, prev_activation.task)
        activation = cls(task)
        subject = _in_its_round(activation.process, flow_task.name)
        TaskPlace.objects.create(
            task=activation.task,
            process_id=activation.process.pk,
            node=flow_task.name,
            round=subject.round,
            cycle=subject.cycle,
            statement=subject.statement,
            **dates_for(county_code=subject.cycle.county_id, node=flow_task.name).columns(),
        )
        record(ProcessEvent.Kind.CREATED, activation=activation)
        outbox_add(
            topic=TASK_CREATED, key=f"task:{activation.task.pk}", payload={"task_id": activation.task.pk}
        )
        return activation

    @_transition(source=STATUS.NEW, target=STATUS.ASSIGNED)
    def assign(self, user: Any, save: bool = True) -> None:
        """`save=False` when the decision follows at once and saves the task anyway."""
        self.task.owner = user
        self.task.assigned = timezone.now()
        if save:
            self.task.save()

    @_transition(source=STATUS.ASSIGNED)
    def reassign(self, user: Any) -> None:
        self.task.owner = user
        self.task.assigned = timezone.now()
        self.task.save()

    @_transition(source=STATUS.ASSIGNED, target=STATUS.NEW)
    def unassign(self) -> None:
        self.task.owner = None
        self.task.assigned = None
        self.task.save()


def _in_its_round(process: Any, node: str) -> Subject:
    """A statement counts its rounds itself; of a month, each return to a step is the next round of that step."""
    subject = subject_of(process)
    if subject.statement is None:
        earlier = TaskPlace.objects.filter(process_id=process.pk, node=node).count()
        subject = Subject(cycle=subject.cycle, cycle_round=earlier + 1)
        subject_attach(process, subject)
    return subject


class WrittenOnce(Propagating):
    """For nodes that end where they begin: the row is inserted done, instead of inserted and updated."""

    task: Any
    came_from: Any
    __hash__ = object.__hash__  # Viewflow's needs a primary key
    __eq__ = object.__eq__

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Any, data: Any = None, seed: Any = None
    ) -> Any:
        task = flow_task.flow_class.task_class(
            process=prev_activation.process, flow_task=flow_task, token=token, data=data or {}
        )
        task.seed = seed
        make: Any = cls  # together with a Viewflow activation, whose constructor takes the task
        activation = make(task)
        activation.came_from = prev_activation.task
        return activation

    @_transition(source=STATUS.NEW, target=STATUS.DONE)
    def complete(self) -> None:
        super().complete.original()  # type: ignore[misc]  # the transition of Viewflow's Activation, next in line
        follows(self.task, self.came_from)


class RouteActivation(WrittenOnce, nodes.SwitchActivation):
    @Activation.status.super()
    def activate(self) -> None:
        self.next_task = self.flow_task.way(self.task.data["decision"])
        if self.next_task is None:
            raise FlowRuntimeError(f"{self.flow_task.name} has no way for this decision")


class TurnActivation(WrittenOnce, nodes.SwitchActivation):
    """`data["to"]` names the node that follows."""

    @Activation.status.super()
    def activate(self) -> None:
        self.next_task = self.flow_task.way(self.task.data["to"])
        if self.next_task is None:
            raise FlowRuntimeError(f"{self.flow_task.name} does not lead there")


class EndActivation(WrittenOnce, nodes.EndActivation):
    @Activation.status.super()
    def activate(self) -> None:
        """Close the process, unless something is still open or failed: an ERROR task counts as open here."""
        self.task.started = timezone.now()
        still_open = Q(finished__isnull=True) | Q(status=STATUS.ERROR)
        if self.process.task_set.filter(still_open).exists():
            raise FlowRuntimeError(f"process {self.process.pk} cannot end: a task is open or failed")
        self.process.status = PROCESS.DONE
        self.process.finished = timezone.now()
        self.process.save()

    @_transition(source=STATUS.NEW, target=STATUS.DONE)
    def complete(self) -> None:
        super().complete.original()
        record(ProcessEvent.Kind.FINISHED, activation=self)


class JobActivation(Propagating, nodes.AbstractJobActivation):
    """SCHEDULED → STARTED → DONE; back to SCHEDULED after a failure that may pass, ERROR after one that will not."""

    @_transition(source=STATUS.NEW, target=STATUS.SCHEDULED)
    def activate(self) -> None:
        self.task.save()
        job_add(self.task, cycle_id=subject_of(self.process).cycle.pk)

    @_transition(source=[STATUS.SCHEDULED, STATUS.STARTED], target=STATUS.STARTED)
    def start(self) -> None:
        self.task.started = self.task.started or timezone.now()
        self.task.save()

    @_transition(source=STATUS.STARTED)
    def execute(self) -> None:
        """A failure behind the job rolls this back too, so the job is tried again and nothing is lost."""
        self.complete()
        self.activate_next()

    @_transition(source=STATUS.STARTED, target=STATUS.SCHEDULED)
    def postpone(self) -> None:
        self.task.save()

    @_transition(source=[STATUS.SCHEDULED, STATUS.STARTED], target=STATUS.ERROR)
    def error(self, incident: str, error_class: str) -> None:
        """What is stored of a failure: its class and the number that leads to the log."""
        self.task.data = {**self.task.data, "error": {"type": error_class, "incident": incident}}
        self.task.finished = timezone.now()
        self.task.save()

    @_transition(source=[STATUS.NEW, STATUS.SCHEDULED, STATUS.STARTED, STATUS.ERROR], target=STATUS.CANCELED)
    def cancel(self) -> None:
        self.task.finished = timezone.now()
        self.task.save()
        now = timezone.now()
        JobRun.objects.filter(task=self.task, finished_at__isnull=True).update(
            finished_at=now, cancelled_at=now, lease_until=None
        )

    def prepare_revived_task(self, task: Any) -> None:
        super().prepare_revived_task(task)
        task.data = {key: value for key, value in task.data.items() if key != "error"}


def _children_finished(activation: Any) -> bool:
    return bool(activation.task.data.get("spawned")) and not activation.flow_task.has_open_children(
        subject_of(activation.process).cycle.pk
    )


class FanOutActivation(JobActivation):
    """STARTED while children are opened (a job) and worked on; DONE by the last of them, see `fan_out.try_join`."""

    @_transition(source=STATUS.NEW, target=STATUS.STARTED)
    def activate(self) -> None:
        self.task.started = timezone.now()
        self.task.data = {**self.task.data, "spawned": False}
        self.task.save()
        job_add(self.task, cycle_id=subject_of(self.process).cycle.pk)

    @_transition(source=STATUS.STARTED)
    def spawned(self) -> None:
        self.task.data = {**self.task.data, "spawned": True}
        self.task.save()

    @_transition(source=STATUS.STARTED, target=STATUS.DONE, conditions=[_children_finished])
    def complete(self) -> None:
        super().complete.original()

    @_transition(source=STATUS.STARTED, target=STATUS.STARTED)
    def postpone(self) -> None:
        """The children's job waits; the node itself stays open."""
