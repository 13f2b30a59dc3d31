"""The same answers as `Case`, as conditions on tasks, so that a list never asks per row."""

from __future__ import annotations

from django.db.models import Q

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from workflows.access.rows import VIEW, tasks_covered, tasks_reached
from workflows.duties import beside_ever, without_conflict
from workflows.nodes import HumanTask


def tasks_visible(actor: User) -> Q:
    """Tasks whose rows this person may see."""
    return tasks_covered(scope_of(actor, permission=VIEW))


def tasks_eligible(actor: User, nodes: list[HumanTask]) -> Q:
    """Tasks of these steps this person may take: permission, reach and duties, as in `Case.person_refusal`."""
    condition = Q(pk__in=[])
    held = [node for node in nodes if actor.has_perm(node.permission)]
    ever = beside_ever(actor) if held else frozenset()
    for node in held:
        scope = scope_of(actor, permission=node.permission)
        condition |= (
            Q(flow_task=node)
            & tasks_reached(node.reach, scope)
            & without_conflict(actor=actor, duty=node.duty, ever=ever)
        )
    return condition
