"""The same answers as `Case`, as conditions on tasks, so that a list never asks per row."""

from __future__ import annotations

from django.db.models import Q

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from workflows.access.delegations import delegated_to
from workflows.access.rows import VIEW, tasks_covered, tasks_reached
from workflows.duties import beside_ever, without_conflict
from workflows.nodes import HumanTask


def tasks_visible(actor: User) -> Q:
    """Tasks whose rows this person may see."""
    return tasks_covered(scope_of(actor, permission=VIEW))


def tasks_eligible(actor: User, nodes: list[HumanTask]) -> Q:
    """Tasks of these steps this person may take: permission, reach and duties, as in `Case.person_refusal`."""
    condition = Q(pk__in=[])
    delegated = delegated_to(actor)
    roles = [
        (node, person)
        for node in nodes
        for person in (actor, *delegated.get(node.permission, ()))
        if person.has_perm(node.permission)
    ]
    ever = {person: beside_ever(person) for person in {actor, *(person for _, person in roles)} if roles}
    for node, person in roles:
        free = without_conflict(actor=actor, duty=node.duty, ever=ever[actor])
        if person != actor:  # 委托: the duties of both
            free &= without_conflict(actor=person, duty=node.duty, ever=ever[person])
        scope = scope_of(person, permission=node.permission)
        condition |= Q(flow_task=node) & tasks_reached(node.reach, scope) & free
    return condition
