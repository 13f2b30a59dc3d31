"""The watch: called every half minute, reads in full what changed or was not read for a while, and tells people."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.crypto import constant_time_compare

from backend.apps.seals.models import Seal, SealCheck
from backend.apps.seals.selectors.marks import month_marks, signed_mark
from backend.apps.seals.selectors.reading import attempt
from backend.apps.seals.services.incidents import INSTALLATION, incidents_note, month_scope
from backend.apps.seals.services.verifying import installation_verify, readable_seals, seal_verify

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
    """Triggers, owners, columns and gaps first; then months until the budget is used up, at least one: those with a sign of a change
    or with findings before those that were only not read for a while, and of each the longest unread first.
    """
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
    """Months that were touched, were not right last time, or were not read for a while, in the order to read them."""
    now = timezone.now()
    states = attempt(lambda: {state.seal_id: state for state in SealCheck.objects.all()})[1] or {}
    found = []
    for seal in readable_seals()[0]:
        state = states.get(seal.pk)
        calm = state is not None and not state.findings and _untouched(state, marks.get(seal.pk, ""))
        if calm and state is not None and now - UNTOUCHED < state.checked_at <= now:
            continue
        found.append((calm, NEVER if state is None else state.checked_at, seal))
    found.sort(key=lambda one: one[:2])
    return [seal for _calm, _checked_at, seal in found]


def _untouched(state: SealCheck, mark: str) -> bool:
    """No sign of a change since a check that was really made."""
    signed = signed_mark(state.seal_id, mark, state.checked_at, state.findings)
    return bool(mark) and constant_time_compare(state.mark, signed)
