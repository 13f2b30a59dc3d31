"""Who may do what at a task, now: the predicates that `perform` raises and `capabilities` explains.

Three questions, in this order: does this person see the row at all (404 if not), may they ever do this here
(403), is it possible now (409). Every answer comes from here and from the verbs, so a button and its refusal
cannot differ.
"""

from workflows.access.beyond import CycleCase, StatementCase
from workflows.access.case import OPEN, Case
from workflows.access.lists import tasks_eligible, tasks_visible
from workflows.access.rows import VIEW, covers

__all__ = [
    "OPEN",
    "VIEW",
    "Case",
    "CycleCase",
    "StatementCase",
    "covers",
    "tasks_eligible",
    "tasks_visible",
]
