"""Makes `calculate` linger after its work, in a worker process that a test kills."""

from __future__ import annotations

import time
from typing import Any

from django.apps import AppConfig
from django.conf import settings


class SlowConfig(AppConfig):
    name = "tests.workflows"
    label = "slow_workflows"

    def ready(self) -> None:
        from workflows import steps

        original = steps.cycle_calculate

        def linger(**given: Any) -> Any:
            result = original(**given)
            time.sleep(settings.CALCULATE_SECONDS)  # noqa: TID251  # the moment of the kill
            return result

        steps.cycle_calculate = linger
