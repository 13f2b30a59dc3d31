"""Static proof over the graphs: no path through the flows lets one person perform two incompatible duties.

For every two human steps of which one can follow the other, in one process or across parent and child, either the
table lets one person hold both duties, and says why, or the predicate asked at claim and at completion of the
later step sees the earlier act. It sees it when the act is written as a `ProcessEvent` with the step's own duty
(so the duty may not be one that is read from other rows, and no two steps share one), and when the
place the pair conflicts in exists at the later step (a step about a whole month has no statement to look at).
Then the refusal holds on every path, whatever the order, the rounds and the institutions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backend.apps.subsidy.domain.duties import (
    COMPATIBLE,
    INCOMPATIBLE,
    Compatible,
    Duty,
    Incompatible,
    Within,
    table_faults,
)
from workflows.nodes import FanOut, HumanTask
from workflows.performed import BESIDE_THE_FLOW


@dataclass(frozen=True, slots=True)
class Table:
    incompatible: Sequence[Incompatible] = INCOMPATIBLE
    compatible: Sequence[Compatible] = COMPATIBLE

    def within(self, one: Duty, other: Duty) -> Within | None:
        """Where the two conflict; None when one person may hold both."""
        pair = {one, other}
        return next((p.within for p in self.incompatible if {p.one, p.other} == pair), None)


@dataclass(frozen=True, slots=True)
class Step:
    """A human step of a flow; `about_statement` when its process is about one statement of a month."""

    flow: str
    node: str
    duty: Any
    about_statement: bool

    def __str__(self) -> str:
        return f"{self.flow}.{self.node}"


def path_faults(flows: Sequence[Any], table: Table | None = None) -> Iterator[str]:
    """Everything that would let a conflict through; empty is the proof."""
    table = table or Table()
    yield from table_faults(table.incompatible, table.compatible)
    steps = [step for flow in flows for step in _steps(flow, flows)]
    yield from _duty_faults(steps)
    for first, second in sequences(flows):
        if not isinstance(first.duty, Duty) or not isinstance(second.duty, Duty):
            continue
        within = table.within(first.duty, second.duty)
        if within is Within.STATEMENT and not (first.about_statement and second.about_statement):
            yield f"{first} → {second}: 两项职责只在同一结算单上相斥, 但其中一步不针对结算单, 永远不会拒绝"


def sequences(flows: Sequence[Any]) -> list[tuple[Step, Step]]:
    """Every two human steps of which the second can follow the first, parent and child flows included."""
    found = []
    for flow in flows:
        after = _reachable(flow)
        for node in flow.instance.nodes():
            for later in after[node]:
                found += [
                    (first, second)
                    for first in _human(node, flow, flows)
                    for second in _human(later, flow, flows)
                    if first != second
                ]
    return sorted(set(found), key=str)


def _duty_faults(steps: list[Step]) -> Iterator[str]:
    held: dict[Duty, Step] = {}
    for step in steps:
        if not isinstance(step.duty, Duty):
            yield f"{step}: 没有职责"
        elif step.duty in BESIDE_THE_FLOW:
            yield f"{step}: {step.duty.word}由其他记录认定, 流程中的办理不会被看到"
        elif step.duty in held:
            yield f"{step}: 与 {held[step.duty]} 共用职责{step.duty.word}, 两步可由一人办理"
        else:
            held[step.duty] = step


def _steps(flow: Any, flows: Sequence[Any]) -> list[Step]:
    child = any(
        isinstance(node, FanOut) and node.child_flow is flow for f in flows for node in f.instance.nodes()
    )
    return [
        Step(flow.__name__, node.name, getattr(node, "duty", None), about_statement=child)
        for node in flow.instance.nodes()
        if isinstance(node, HumanTask)
    ]


def _human(node: Any, flow: Any, flows: Sequence[Any]) -> list[Step]:
    """The human steps that happen while the process stands at this node."""
    if isinstance(node, HumanTask):
        return [step for step in _steps(flow, flows) if step.node == node.name]
    if isinstance(node, FanOut):
        return _steps(node.child_flow, flows)
    return []


def _reachable(flow: Any) -> dict[Any, set[Any]]:
    """For every node the nodes that can come after it, itself too when there is a way back."""
    follows: dict[Any, set[Any]] = {node: set() for node in flow.instance.nodes()}
    for node in follows:
        follows[node] |= {edge.dst for edge in node._outgoing()}  # noqa: SLF001  # Viewflow names the edges only here
    reached: dict[Any, set[Any]] = {}
    for node in follows:
        seen: set[Any] = set()
        waiting = set(follows[node])
        while waiting:
            found = waiting.pop()
            if found not in seen:
                seen.add(found)
                waiting |= follows.get(found, set())
        reached[node] = seen
    return reached
