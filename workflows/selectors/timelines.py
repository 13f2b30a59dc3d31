"""办理记录 of one process, readable: who did what when, what they had looked at, what they confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from workflows.models import ProcessEvent
from workflows.reading_evidence import Evidence
from workflows.shown import Difference, Row, present


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One row of 办理记录. `principal_name`: for whom the actor acted, empty for themselves.

    `evidence`: what was opened before the decision; None when the page was never opened by this person.
    `confirmed`: the change confirmed with the decision, when the content had moved while they looked.
    """

    at: datetime
    actor_name: str
    principal_name: str
    node: str
    node_title: str
    event: str  # a ProcessEvent.Kind
    event_title: str
    round: int
    decision: str
    comment: str
    from_name: str  # of a task handed over
    to_name: str  # whoever got it, was asked, was let know
    evidence: Evidence | None
    confirmed: Difference | None


def timeline(*, process_id: int) -> list[TimelineEntry]:
    """What happened in one process, oldest first; one query, a few more for each change somebody confirmed."""
    return timeline_of(ProcessEvent.objects.filter(process_id=process_id).order_by("id"))


def timeline_of(events: Iterable[ProcessEvent]) -> list[TimelineEntry]:
    """The same of events already loaded."""
    return [_entry(event) for event in events]


def _entry(event: ProcessEvent) -> TimelineEntry:
    read = event.detail.get("evidence")
    return TimelineEntry(
        at=event.at,
        actor_name=event.actor_name,
        principal_name=event.principal_name,
        node=event.node,
        node_title=event.node_title,
        event=event.kind,
        event_title=event.get_kind_display(),
        round=event.round,
        decision=event.decision,
        comment=event.comment,
        from_name=event.detail.get("from_name", ""),
        to_name=event.detail.get("to_name", ""),
        evidence=None if read is None else Evidence.of_stored(read),
        confirmed=_confirmed(event),
    )


def _confirmed(event: ProcessEvent) -> Difference | None:
    stored = event.detail.get("confirmed")
    if stored is None:
        return None
    return present(
        [Row(*values) for values in stored["rows"]],
        seen_hash=stored["seen"],
        content_hash=event.detail["content"],
        more=stored["count"] - len(stored["rows"]),
    )
