"""The flows of the product; the only place that lists them."""

from collections.abc import Iterator
from typing import Any

from workflows.definitions import nodes_in_order
from workflows.flows.monthly_cycle import MonthlyCycleFlow
from workflows.flows.statement_review import StatementReviewFlow
from workflows.nodes import FanOut, HumanTask

FLOWS = (MonthlyCycleFlow, StatementReviewFlow)
HUMAN_NODES: list[HumanTask] = [
    node for flow in FLOWS for node in flow.instance.nodes() if isinstance(node, HumanTask)
]


def _steps(flow: Any) -> Iterator[HumanTask]:
    for node in nodes_in_order(flow):
        if isinstance(node, HumanTask):
            yield node
        elif isinstance(node, FanOut):
            yield from _steps(node.child_flow)


STEPS: list[HumanTask] = list(_steps(MonthlyCycleFlow))  # human steps in the order of the month
