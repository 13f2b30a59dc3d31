"""Signs of life: every process that runs jobs says so now and then, for the page of the operators."""

from __future__ import annotations

import os
import socket
from datetime import timedelta

from django.utils import timezone

from workflows.models import RunnerBeat

POLLER, CELERY = "poller", "celery"
FORGET_AFTER = timedelta(days=1)


def beat(kind: str) -> None:
    """Note that this process is alive; forget processes that have been silent for a day."""
    now = timezone.now()
    name = f"{kind}:{socket.gethostname()[:80]}:{os.getpid()}"
    RunnerBeat.objects.update_or_create(
        name=name,
        defaults={"beat_at": now},
        create_defaults={"kind": kind, "started_at": now, "beat_at": now},
    )
    RunnerBeat.objects.filter(beat_at__lt=now - FORGET_AFTER).delete()
