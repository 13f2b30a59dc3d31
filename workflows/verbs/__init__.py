"""What people do at a task, one module per verb. `services.perform` is the only caller of an act."""

from __future__ import annotations

from typing import Final

from workflows.access import Case
from workflows.actions import Capability
from workflows.verbs.base import Verb
from workflows.verbs.claiming import claim, release
from workflows.verbs.deciding import complete

VERBS: Final[dict[str, Verb]] = {verb.code: verb for verb in (claim, release, complete)}


def capabilities_of(case: Case) -> list[Capability]:
    """What this person may do at this task, and why not the rest, in the order of the buttons."""
    return [found for verb in VERBS.values() for found in verb.capabilities(case)]
