"""Test settings of a worker whose calculation lingers after its last line, so that it can be killed there."""

import os

from backend.config.settings.test import *  # noqa: F403  # settings modules build on each other by star import

INSTALLED_APPS = [*INSTALLED_APPS, "tests.workflows.slow_app.SlowConfig"]  # noqa: F405  # as above
CALCULATE_SECONDS = float(os.environ.get("ZHISHAN_TEST_CALCULATE_SECONDS", "0"))
BATCH_SECONDS = float(os.environ.get("ZHISHAN_TEST_BATCH_SECONDS", "0"))
