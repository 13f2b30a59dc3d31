"""What people do at a task, a statement or a month, one module per verb. `services.perform` is the only caller of an act."""

from __future__ import annotations

from typing import Final

from workflows.access import Case, CycleCase, StatementCase
from workflows.actions import Capability
from workflows.verbs.base import Verb
from workflows.verbs.cancelling import cancel
from workflows.verbs.claiming import claim, release
from workflows.verbs.deciding import complete
from workflows.verbs.excluding import exclude
from workflows.verbs.inviting import consult, consult_cancel, copy, opinion, read
from workflows.verbs.reassigning import reassign
from workflows.verbs.reminding import remind
from workflows.verbs.reopening import reopen
from workflows.verbs.withdrawing import withdraw

_AT_TASKS: Final[tuple[Verb[Case], ...]] = (
    *(claim, release, complete),
    *(reassign, consult, consult_cancel, opinion, copy, read, remind, withdraw),
)
VERBS: Final[dict[str, Verb[Case]]] = {verb.code: verb for verb in _AT_TASKS}
STATEMENT_VERBS: Final[dict[str, Verb[StatementCase]]] = {verb.code: verb for verb in (exclude, reopen)}
CYCLE_VERBS: Final[dict[str, Verb[CycleCase]]] = {cancel.code: cancel}


def capabilities_of(case: Case) -> list[Capability]:
    """What this person may do at this task, and why not the rest, in the order of the buttons."""
    return [found for verb in VERBS.values() for found in verb.capabilities(case)]


def statement_capabilities_of(case: StatementCase) -> list[Capability]:
    return [found for verb in STATEMENT_VERBS.values() for found in verb.capabilities(case)]


def cycle_capabilities_of(case: CycleCase) -> list[Capability]:
    return [found for verb in CYCLE_VERBS.values() for found in verb.capabilities(case)]
