"""The nodes our flows are written with: `HumanTask`, `Route`, `Turn`, `Job`, `FanOut`, `End`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from viewflow import this
from viewflow.workflow import nodes
from viewflow.workflow.base import Edge

from backend.apps.subsidy.selectors.content import StatementContent
from backend.common.progress import Progress
from workflows.activations import (
    EndActivation,
    FanOutActivation,
    HumanTaskActivation,
    JobActivation,
    RouteActivation,
    TurnActivation,
)
from workflows.duties import Duty


class Reach(StrEnum):
    """Whose rows a step is about: how far a role's scope must reach to take it."""

    INSTITUTION = "institution"  # the institution itself
    TOWNSHIP = "township"  # its township, or the county while the township is still unknown
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class Decision:
    """One way to complete a human step. `clean`: not while anything is unsettled (alerts, corrections, rates)."""

    code: str
    title: str
    comment_required: bool = False
    clean: bool = False
    permission: str = ""  # beyond the step's own


Work = Callable[..., StatementContent | None]
"""`work(subject, actor, payload)` writes the domain effects of a decision, inside its transaction."""


class HumanTask(nodes.View):
    """A step somebody decides. Nothing of it is optional: duty, reach, decisions, then title and permission."""

    activation_class = HumanTaskActivation

    def __init__(
        self,
        work: Any,
        *,
        duty: Duty,
        reach: Reach,
        decisions: tuple[Decision, ...],
        binds_content: bool = True,
    ) -> None:
        super().__init__(view=None)
        self._work = work
        self.duty = duty
        self.reach = reach
        self.decisions = decisions
        self.binds_content = binds_content  # the approver sends back the hash of what they saw

    def _resolve(self, instance: Any) -> None:
        super()._resolve(instance)
        self._work = this.resolve(instance, self._work)

    @property
    def permission(self) -> str:
        return str(self._owner_permission or "")

    def decision(self, code: str) -> Decision | None:
        return next((found for found in self.decisions if found.code == code), None)

    def work(self, **given: Any) -> StatementContent | None:
        """What a decision on a statement was about, where the work says so."""
        decided: StatementContent | None = self._work(**given)
        return decided


class Route(nodes.Switch):
    """Gateway by the decision of the step before it; a decision without a way is a fault, not a default."""

    activation_class = RouteActivation

    def On(self, decision: Decision, node: Any) -> Route:  # noqa: N802  # reads like Viewflow's Case and Next
        self.Case(node, decision)
        return self

    def way(self, code: str) -> Any:
        return next((node for node, decision in self._branches if decision.code == code), None)

    def _outgoing(self) -> Iterator[Edge]:
        for node, decision in self._branches:
            yield Edge(src=self, dst=node, edge_class="cond_true", label=decision.title)


class Turn(nodes.Switch):
    """An act of somebody beside the steps (撤回, 重新审核, 不纳入) that gives a process another turn.

    It has ways out and none in: `turns.turn` starts it from wherever the process stands, after the open task was
    cancelled. So what happened is a row like every other, and nothing that was decided is ever undone.
    """

    activation_class = TurnActivation
    task_type = "TURN"
    bpmn_element = "intermediateCatchEvent"

    @property
    def shape(self) -> dict[str, Any]:
        return {
            "width": 50,
            "height": 50,
            "svg": f"""
                <circle class="event" cx="25" cy="25" r="22"/>
                <circle class="event" cx="25" cy="25" r="19"/>
                {"".join(self._title_lines())}
            """,
        }

    def _title_lines(self) -> Iterator[str]:
        """Inside the circle, three characters a line: below it, an edge would cross them."""
        title = str(self.task_title)
        width = 2 if len(title) in (2, 4) else 3
        lines = [title[at : at + width] for at in range(0, len(title), width)]
        top = 28 - 7 * (len(lines) - 1)
        for number, line in enumerate(lines):
            yield f'<text class="align-middle" font-size="11px" x="25" y="{top + 12 * number}">{line}</text>'

    def bpmn_attrs(self) -> dict[str, str]:
        return {}  # a gateway would name its default way here

    def To(self, *nodes: Any) -> Turn:  # noqa: N802  # reads like Viewflow's Case and Next
        for node in nodes:
            self.Case(node)
        return self

    def way(self, name: str) -> Any:
        return next((node for node, _ in self._branches if node.name == name), None)

    def _outgoing(self) -> Iterator[Edge]:
        for node, _ in self._branches:
            yield Edge(src=self, dst=node, edge_class="cond_true")


class Job(nodes.AbstractJob):
    """Background work with its `JobRun` row; `runner` runs it."""

    activation_class = JobActivation

    def __init__(self, work: Any) -> None:
        super().__init__()
        self._work = work

    def _resolve(self, instance: Any) -> None:
        super()._resolve(instance)
        self._work = this.resolve(instance, self._work)

    def work(self, cycle_id: int, progress: Progress) -> Mapping[str, Any]:
        """Does the job and returns ids, counts and sums; it may run twice."""
        result: Mapping[str, Any] = self._work(cycle_id, progress)
        return result


class FanOut(Job):
    """Opens one child process per domain row and waits until no row is open any more.

    `rows(cycle_id)` are the rows that have no process yet (`fan_out` opens them), `open_children(cycle_id)`
    tells whether one is still open. The node ends after the commit of whoever finished the last row.
    """

    activation_class = FanOutActivation
    task_type = "SUBPROCESS"
    bpmn_element = "callActivity"
    shape = {
        "width": 150,
        "height": 100,
        "text-align": "middle",
        "svg": """
            <rect class="task" width="150" height="100" rx="5" ry="5"/>
            <rect class="task" x="4" y="4" width="142" height="92" rx="4" ry="4"/>
            <path d="M 67 84 v 9 m 8 -9 v 9 m 8 -9 v 9" fill="none" stroke="rgb(0, 0, 0)" stroke-width="2"/>
        """,
    }

    def __init__(self, child_flow: Any, *, rows: Any, open_children: Any) -> None:
        super().__init__(rows)
        self.child_flow = child_flow
        self._open_children = open_children

    def _resolve(self, instance: Any) -> None:
        super()._resolve(instance)
        self._open_children = this.resolve(instance, self._open_children)

    def rows_to_open(self, cycle_id: int) -> Any:
        return self._work(cycle_id)

    def has_open_children(self, cycle_id: int) -> bool:
        return bool(self._open_children(cycle_id))


class End(nodes.End):
    """Ends the process; shows its title on the chart, because two ends of one flow mean different things."""

    activation_class = EndActivation

    @property
    def shape(self) -> dict[str, Any]:
        return {
            "width": 50,
            "height": 50,
            "svg": f"""
                <circle class="event end-event" cx="25" cy="25" r="22"/>
                <text class="align-middle" font-size="12px" x="25" y="60">{self.task_title}</text>
            """,
        }
