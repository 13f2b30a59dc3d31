"""The watch: called every half minute, reads in full what changed or was not read for a while, and tells people."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from backend.apps.seals.models import Seal, SealCheck
from backend.apps.seals.selectors.marks import month_marks
from backend.apps.seals.services.incidents import INSTALLATION, incidents_note, month_scope
from backend.apps.seals.services.verifying import installation_verify, seal_verify

BUDGET_SECONDS = 20.0
UNTOUCHED = timedelta(minutes=15)  # a month without any sign of a change is read again after this

NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WatchSummary:
    """`checked` months were read in full, `waiting` would have been had the time allowed it."""

    checked: int
    waiting: int
    opened: int


def seals_watch(*, budget_seconds: float = BUDGET_SECONDS) -> WatchSummary:
    """Triggers, owners and gaps first; then months, the longest unread first, until the budget is used up."""
    deadline = time.monotonic() + budget_seconds
    opened = incidents_note(installation_verify(), scope=INSTALLATION)
    marks = month_marks()  # read before the rows: what changes meanwhile shows next time
    due = _due(marks)
    checked = 0
    for seal in due:
        if checked and time.monotonic() > deadline:
            break
        report = seal_verify(seal, mark=marks.get(seal.pk, ""))
        opened += incidents_note(report.findings, scope=month_scope(seal))
        checked += 1
    return WatchSummary(checked=checked, waiting=len(due) - checked, opened=opened)


def _due(marks: Mapping[int, str]) -> list[Seal]:
    """Months that were touched, were not right last time, or were not read for a while; the longest unread first."""
    now = timezone.now()
    states = {state.seal_id: state for state in SealCheck.objects.all()}
    found = []
    for seal in Seal.objects.order_by("-month", "-id"):
        state = states.get(seal.pk)
        calm = (
            state is not None
            and not state.findings
            and state.mark == marks.get(seal.pk, "")
            and state.mark
            and state.checked_at > now - UNTOUCHED
        )
        if not calm:
            found.append(seal)
    return sorted(found, key=lambda seal: states[seal.pk].checked_at if seal.pk in states else NEVER)
