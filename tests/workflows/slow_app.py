"""Makes `calculate`, or each approval of a batch, linger after its work, in a worker process that a test kills."""

from __future__ import annotations

import time
from typing import Any

from django.apps import AppConfig
from django.conf import settings


class SlowConfig(AppConfig):
    name = "tests.workflows"
    label = "slow_workflows"

    def ready(self) -> None:
        from workflows import batches, steps

        steps.cycle_calculate = _lingering(steps.cycle_calculate, settings.CALCULATE_SECONDS)
        batches.perform = _lingering(batches.perform, settings.BATCH_SECONDS)


def _lingering(original: Any, seconds: float) -> Any:
    def linger(**given: Any) -> Any:
        result = original(**given)
        time.sleep(seconds)  # noqa: TID251  # the moment of the kill
        return result

    return linger
