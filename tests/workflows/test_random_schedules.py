"""Random people do random things in a random order: whatever they try, the month stays right.

Each schedule starts from the same calculated month and is rolled back afterwards. `ZHISHAN_SCHEDULES` and
`ZHISHAN_SCHEDULE_SEED` choose how many and from which seed; `make check` runs a share of them, a longer run is one
command: `ZHISHAN_SCHEDULES=2000 .venv/bin/pytest tests/workflows/test_random_schedules.py -p no:xdist`.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import TestCase
from viewflow.workflow.models import Task

from backend.apps.accounts.models import User
from backend.apps.subsidy.models import Evaluation, Statement
from backend.apps.subsidy.selectors.content import statement_content_hash
from backend.common.errors import DomainError
from tests.factories import COUNTY, make_user
from tests.factories.people import just_proved
from tests.support.verdict import judge
from tests.workflows.world import World, content_hash
from workflows.actions import ActionPayload
from workflows.history import subject_of
from workflows.nodes import HumanTask
from workflows.runner import run_pending
from workflows.services import perform, perform_on_cycle, perform_on_statement
from workflows.verbs import CYCLE_VERBS, STATEMENT_VERBS, VERBS

SCHEDULES = int(os.environ.get("ZHISHAN_SCHEDULES", "12"))
FIRST_SEED = int(os.environ.get("ZHISHAN_SCHEDULE_SEED", "1"))
STEPS = 24
# A decision is what moves the month, so people try one more often than the other verbs.
WEIGHTS = {"complete": 30, "withdraw": 3}
REFUSALS = frozenset({400, 403, 404, 409, 429})

pytestmark = pytest.mark.django_db


class Schedule:
    """One run: its own random numbers, everybody of the cast, what was tried and how it ended."""

    def __init__(self, world: World, people: list[User], seed: int) -> None:
        self.world, self.people, self.random = world, people, random.Random(seed)
        self.seen: Counter[str] = Counter()
        self.story: list[str] = []

    def run(self, *, near_the_end: bool) -> None:
        if near_the_end:
            self.later(self.world.approve_all)
        for _ in range(STEPS):
            self.step()
            if self.random.random() < 0.2:
                self.later(lambda: run_pending(until_idle=True, timeout=60))

    def step(self) -> None:
        kind = self.random.choices(("task", "statement", "cycle"), (60, 4, 0.3))[0]
        person, action, act = getattr(self, f"_{kind}")()
        found, refusal = "done", None
        try:
            self.later(act)
        except DomainError as error:
            found, refusal = error.code, error
        assert refusal is None or refusal.status in REFUSALS, (refusal, self.story)
        self.seen[f"{action} {found}"] += 1
        self.story.append(f"{person.username} {action}: {found}")

    def later(self, act: Callable[[], Any]) -> None:
        """The act, and what follows its commit."""
        with TestCase.captureOnCommitCallbacks(execute=True):
            act()

    def anybody(self, permission: str = "") -> User:
        """As the next request would load them; with a permission, mostly somebody who holds it somewhere."""
        knowing = [person for person in self.people if permission and person.has_perm(permission)]
        pool = knowing if knowing and self.random.random() < 0.85 else self.people
        return User.objects.get(pk=self.random.choice(pool).pk)

    def _task(self) -> tuple[User, str, Callable[[], Any]]:
        rows = Task.objects.filter(place__cycle=self.world.cycle).select_related(
            "place__statement", "place__cycle"
        )
        open_ones = [task for task in rows if task.status in ("NEW", "ASSIGNED", "STARTED")]
        task = self.random.choice(open_ones if open_ones and self.random.random() < 0.9 else list(rows))
        verb = self.random.choices(list(VERBS), [WEIGHTS.get(code, 1) for code in VERBS])[0]
        values: dict[str, Any] = {
            "comment": "随机办理" if self.random.random() < 0.9 else "",
            "content_hash": content_hash(task) if self.random.random() < 0.95 else "0" * 64,
            "person_ids": (self.random.choice(self.people).pk,),
        }
        node = task.flow_task
        assert isinstance(node, HumanTask)
        person = self.anybody(node.permission)
        if verb == "complete":
            codes = [decision.code for decision in node.decisions]
            values["decision"] = self.random.choices(codes, [4, *[1] * (len(codes) - 1)])[0]
            values["identity"] = just_proved(values["decision"])
        action = f"{task.place.node}.{verb}{'.' + values['decision'] if verb == 'complete' else ''}"
        payload = ActionPayload(**values)
        return person, action, lambda: perform(task_id=task.pk, actor=person, action=verb, payload=payload)

    def _statement(self) -> tuple[User, str, Callable[[], Any]]:
        statement = self.random.choice(list(Statement.objects.select_related("cycle").order_by("id")))
        verb = self.random.choice(list(STATEMENT_VERBS))
        payload = ActionPayload(comment="随机办理", content_hash=statement_content_hash(statement))
        person = self.anybody("subsidy.review_county")
        return (
            person,
            f"statement.{verb}",
            lambda: perform_on_statement(
                statement_id=statement.pk, actor=person, action=verb, payload=payload
            ),
        )

    def _cycle(self) -> tuple[User, str, Callable[[], Any]]:
        verb = self.random.choice(list(CYCLE_VERBS))
        payload = ActionPayload(comment="随机取消", confirmation=str(self.world.cycle.month))
        person = self.anybody("subsidy.open_cycle")
        return (
            person,
            f"cycle.{verb}",
            lambda: perform_on_cycle(
                cycle_id=self.world.cycle.pk, actor=person, action=verb, payload=payload
            ),
        )


def everybody(world: World) -> list[User]:
    """The cast, second people where one may stand in for another, and somebody with two roles at once."""
    people = [getattr(world.cast, f.name) for f in fields(world.cast)]
    both = make_user("township_reviewer", region_code=world.cast.sanjiang.code, username="schedule_two_roles")
    both.role_assignments.create(
        role="evaluator", region_code=COUNTY, starts_on=both.role_assignments.get().starts_on
    )
    return [
        *(person for person in people if isinstance(person, User)),
        make_user("township_reviewer", region_code=world.cast.sanjiang.code),
        make_user("township_reviewer", region_code=world.cast.luoshan.code),
        make_user("county_reviewer", region_code=COUNTY),
        both,
    ]


def test_nothing_anybody_tries_breaks_the_month(
    kept_review: World, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """No conflicting steps by one person, no second effect, no evaluation with an open statement, no amount astray."""
    monkeypatch.setattr("workflows.runner.close_old_connections", lambda: None)
    monkeypatch.setattr("workflows.steps.report_build", lambda **_: [])  # the papers have tests of their own
    settings.JOB_HEARTBEAT_SECONDS = settings.JOB_PROGRESS_SECONDS = 600  # its connection sees none of this
    people, seen, evaluated = everybody(kept_review), Counter[str](), 0
    for seed in range(FIRST_SEED, FIRST_SEED + SCHEDULES):
        before = transaction.savepoint()
        folder = str(tmp_path / str(seed))  # what a schedule sealed is rolled back, its package is not
        settings.SEAL_BACKUPS = {"directory": {**settings.SEAL_BACKUPS["directory"], "folder": folder}}
        schedule = Schedule(kept_review, people, seed)
        schedule.run(near_the_end=seed % 2 == 0)
        faults = judge()
        assert faults == [], (seed, faults, schedule.story)
        _positions_agree(kept_review, schedule)
        seen += schedule.seen
        evaluated += Evaluation.objects.exists()
        transaction.savepoint_rollback(before)
    done = Counter({key: count for key, count in seen.items() if key.endswith(" done")})
    assert done["review_township.complete.approved done"] > SCHEDULES / 2, seen
    assert sum(done.values()) >= 2 * SCHEDULES, seen
    assert evaluated >= SCHEDULES / 10, seen
    assert len(seen - done) >= 10, "the refusals were hardly tried"
    print(
        f"{SCHEDULES} schedules, {sum(seen.values())} acts, {sum(done.values())} done, {evaluated} evaluated"
    )


def _positions_agree(world: World, schedule: Schedule) -> None:
    """Facts and position say the same: a finished statement has no open task, an open one exactly one."""
    world.cycle.refresh_from_db()
    for statement in Statement.objects.filter(cycle=world.cycle):
        tasks = Task.objects.filter(place__statement=statement, status__in=("NEW", "ASSIGNED", "STARTED"))
        cancelled = statement.run.process.status == "CANCELED"
        wanted = 0 if statement.finished or cancelled else 1
        assert tasks.count() == wanted, (statement.pk, schedule.story)
        assert subject_of(statement.run.process).statement == statement
