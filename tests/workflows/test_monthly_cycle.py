"""Every path of `MonthlyCycleFlow`, as exact lists of (node, status)."""

from __future__ import annotations

import pytest

from tests.workflows.world import make_world

pytestmark = pytest.mark.django_db(transaction=True)


def test_whole_month() -> None:
    world = make_world()
    assert world.steps() == [("start", "DONE"), ("set_attendance_days", "NEW")]

    world.set_days()
    assert world.steps() == [
        ("start", "DONE"),
        ("set_attendance_days", "DONE"),
        ("calculate", "SCHEDULED"),
    ]

    world.run()
    assert world.steps() == [
        ("start", "DONE"),
        ("set_attendance_days", "DONE"),
        ("calculate", "DONE"),
        ("warn", "DONE"),
        ("review_statements", "STARTED"),
    ]

    world.approve_all()
    assert world.steps()[4:] == [("review_statements", "DONE"), ("evaluate", "NEW")]

    world.evaluate()
    world.run()
    assert world.steps() == [
        ("start", "DONE"),
        ("set_attendance_days", "DONE"),
        ("calculate", "DONE"),
        ("warn", "DONE"),
        ("review_statements", "DONE"),
        ("evaluate", "DONE"),
        ("snapshot", "DONE"),
        ("report", "DONE"),
        ("end", "DONE"),
    ]
    world.cycle.run.process.refresh_from_db()
    assert world.cycle.run.process.status == "DONE"
