"""The flows of the product; the only place that lists them."""

from workflows.flows.monthly_cycle import MonthlyCycleFlow
from workflows.flows.statement_review import StatementReviewFlow
from workflows.nodes import HumanTask

FLOWS = (MonthlyCycleFlow, StatementReviewFlow)
HUMAN_NODES: list[HumanTask] = [
    node for flow in FLOWS for node in flow.instance.nodes() if isinstance(node, HumanTask)
]
