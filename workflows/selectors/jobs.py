"""How long jobs wait for somebody to take them, for the health page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from workflows.models import JobRun


@dataclass(frozen=True, slots=True)
class JobsWaiting:
    """`oldest_seconds`: how long the oldest due job has waited for a runner; 0 when none waits."""

    pending: int
    oldest_seconds: int


def jobs_waiting() -> JobsWaiting:
    """One query."""
    now = timezone.now()
    nobody = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    found = JobRun.objects.filter(finished_at__isnull=True).aggregate(
        pending=Count("id"), oldest=Min("not_before", filter=nobody & Q(not_before__lte=now))
    )
    waited = now - found["oldest"] if found["oldest"] else timedelta()
    return JobsWaiting(pending=found["pending"], oldest_seconds=int(waited.total_seconds()))
