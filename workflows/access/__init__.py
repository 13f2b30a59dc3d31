"""Who may do what at a task, now: the predicates that `perform` raises and `capabilities` explains.

Three questions, in this order: does this person see the row at all (404 if not), may they ever do this here
(403), is it possible now (409). Every answer comes from here and from the verbs, so a button and its refusal
cannot differ.
"""

from workflows.access.case import OPEN, Case
from workflows.access.lists import tasks_eligible, tasks_visible
from workflows.access.rows import VIEW

__all__ = ["OPEN", "VIEW", "Case", "tasks_eligible", "tasks_visible"]
