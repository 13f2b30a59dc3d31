"""A frozen clock, and months that a module builds once; every test's own changes are rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import override_settings

from tests.api.month import Month, open_month, reviewed_month, sealed_month
from tests.support.kept import kept_for_the_module

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)  # Monday 9:00 in Shanghai


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


def kept(blocker: Any, build: Callable[[], Month]) -> AbstractContextManager[Month]:
    return kept_for_the_module(blocker, build, clock=time_machine.travel(NOW, tick=False))


@pytest.fixture(scope="module")
def opened(django_db_setup: None, django_db_blocker: Any) -> Iterator[Month]:
    """Required days are to be set."""
    with kept(django_db_blocker, open_month) as month:
        yield month


@pytest.fixture(scope="module")
def reviewed(django_db_setup: None, django_db_blocker: Any) -> Iterator[Month]:
    """Three statements at their townships, one open alert."""
    with kept(django_db_blocker, reviewed_month) as month:
        yield month


@pytest.fixture(scope="module")
def module_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module's month wrote its photos and reports; each test has a folder of its own."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def sealed(django_db_setup: None, django_db_blocker: Any, module_media: Path) -> Iterator[Month]:
    """Evaluated, sealed, reported."""
    with (
        override_settings(MEDIA_ROOT=module_media),
        kept(django_db_blocker, sealed_month) as month,
    ):
        yield month
