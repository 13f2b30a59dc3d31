"""The world of flow tests: a small real month, opened, calculated, or under review."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.kept import kept_for_the_module
from tests.workflows.world import World, make_world


@pytest.fixture
def opened(transactional_db: None) -> World:
    """The month is open; nobody has set the days."""
    return make_world()


@pytest.fixture
def reviewing(opened: World) -> World:
    """Calculated, warned, three statements with their township."""
    opened.to_reviews()
    return opened


@pytest.fixture(scope="module")
def kept_review(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """As `reviewing`, built once for a module whose tests use `django_db` and no threads."""

    def build() -> World:
        world = make_world()
        world.to_reviews()
        return world

    with kept_for_the_module(django_db_blocker, build) as world:
        yield world
