"""The world of flow tests: a small real month, opened, calculated, or under review."""

from __future__ import annotations

import pytest

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
