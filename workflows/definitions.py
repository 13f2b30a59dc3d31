"""流程定义存档: the graph of a flow as data, as SVG and as BPMN, and the stored version a process starts with."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils import timezone
from viewflow.workflow import chart
from viewflow.workflow.fields import get_flow_ref

from workflows.models import FlowDefinition
from workflows.nodes import HumanTask, Turn

_GROUP = re.compile(r'<g id="(\w+)" transform="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Drawing:
    """A flow of today's code, ready to be stored or exported."""

    flow_ref: str
    hash: str
    graph: dict[str, Any]
    svg: str
    bpmn: str
    source_hash: str


@cache
def drawing_of(flow_class: Any) -> Drawing:
    graph = _graph(flow_class)
    text = json.dumps(graph, sort_keys=True, ensure_ascii=False)
    source = inspect.getsource(inspect.getmodule(flow_class) or flow_class)
    return Drawing(
        flow_ref=get_flow_ref(flow_class),
        hash=hashlib.sha256(text.encode()).hexdigest(),
        graph=graph,
        svg=_tidy(chart.grid_to_svg(_labels_at_the_arrow(chart.calc_layout_data(flow_class)))),
        bpmn=_tidy(
            chart.grid_to_bpmn(chart.calc_layout_data(flow_class, edge_start_gap_size=0, edge_end_gap_size=0))
        ),
        source_hash=hashlib.sha256(source.encode()).hexdigest(),
    )


def definition_current(flow_class: Any) -> FlowDefinition:
    """The stored row of today's graph; the first process with a new graph adds it."""
    drawing = drawing_of(flow_class)
    found, _created = FlowDefinition.objects.get_or_create(
        flow_ref=drawing.flow_ref,
        hash=drawing.hash,
        defaults={
            "graph": drawing.graph,
            "svg": drawing.svg,
            "bpmn": drawing.bpmn,
            "source_hash": drawing.source_hash,
            "released_at": timezone.now(),
        },
    )
    return found


def svg_with_status(svg: str, statuses: Mapping[str, str]) -> str:
    """The drawing with a colour per node: `statuses` maps node names to Viewflow's status in lower case."""

    def paint(match: re.Match[str]) -> str:
        status = statuses.get(match[1])
        return match[0] if status is None else f'{match[0]} class="{status}"'

    return _GROUP.sub(paint, svg)


def nodes_in_order(flow_class: Any) -> list[Any]:
    """Breadth first from the start, so that a list reads as the process does; then what nothing leads to."""
    turns = [node for node in flow_class.instance.nodes() if isinstance(node, Turn)]
    ordered, waiting = [], [flow_class.instance.node("start")]
    while waiting or turns:
        waiting = waiting or [turns.pop(0)]
        node = waiting.pop(0)
        if node not in ordered:
            ordered.append(node)
            waiting += [edge.dst for edge in node._outgoing()]  # noqa: SLF001  # Viewflow's only way to the edges
    return ordered


def _graph(flow_class: Any) -> dict[str, Any]:
    nodes = nodes_in_order(flow_class)
    return {
        "title": str(flow_class.process_title),
        "nodes": [_node(node) for node in nodes],
        "edges": [
            {"from": edge.src.name, "to": edge.dst.name, "label": edge.label or ""}
            for node in nodes
            for edge in node._outgoing()  # noqa: SLF001  # as above
        ],
    }


def _node(node: Any) -> dict[str, Any]:
    described = {"name": node.name, "title": str(node.task_title), "kind": node.task_type}
    if isinstance(node, HumanTask):
        described |= {
            "permission": node.permission,
            "duty": node.duty.value,
            "reach": node.reach.value,
            "decisions": [decision.code for decision in node.decisions],
        }
    return described


def _labels_at_the_arrow(grid: Any) -> Any:
    """Viewflow writes labels where edges leave a gateway, one over the other; where they arrive there is room."""
    taken: list[tuple[float, float]] = []
    for edge in grid.edges:
        if edge.label:
            (from_x, _), (to_x, to_y) = edge.segments[-2:]
            x, y = max(from_x + 4, to_x - 12 * len(edge.label) - 14), to_y - 8
            if any(abs(x - other_x) < 60 and abs(y - other_y) < 20 for other_x, other_y in taken):
                x += 60
            taken.append((x, y))
            edge.label_pos = (x, y)
    return grid


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"
