"""Every step, everybody, every verb: the exact answer, from a reviewed file, and nothing changed by a refusal.

`access_matrix.csv` has one block a step: a row for each person, a column for each verb, `ok` or `status code`.
After a wanted change write it again with `ZHISHAN_WRITE_MATRIX=1` and review the difference as carefully as code.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import TestCase
from viewflow.workflow.models import Task

from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.subsidy.selectors.content import statement_content_hash
from backend.common.errors import DomainError
from tests.factories import COUNTY, make_user
from tests.factories.people import just_proved
from tests.support.kept import kept_for_the_module
from tests.workflows.denials import picture
from tests.workflows.world import World, content_hash, make_world
from workflows.actions import ActionPayload, RequiredDaysInput
from workflows.nodes import HumanTask
from workflows.runner import run_pending
from workflows.services import perform, perform_on_cycle, perform_on_statement
from workflows.verbs import CYCLE_VERBS, STATEMENT_VERBS, VERBS

FILE = Path(__file__).with_name("access_matrix.csv")
WRITE = bool(os.environ.get("ZHISHAN_WRITE_MATRIX"))
STEPS = ("set_attendance_days", "review_township", "correct", "review_county", "evaluate")
SINCE = date(2026, 1, 1)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def just_opened(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with kept_for_the_module(django_db_blocker, make_world) as world:
        yield world


def everybody(world: World) -> dict[str, User]:
    """By what they are to 茉莉 in 三江街道, the institution the steps are about."""
    cast = world.cast
    both = make_user("township_reviewer", region_code=cast.sanjiang.code, username="both")
    RoleAssignment.objects.create(user=both, role="county_reviewer", region_code=COUNTY, starts_on=SINCE)
    judge = make_user("evaluator", region_code=COUNTY, username="judge")
    RoleAssignment.objects.create(user=judge, role="county_reviewer", region_code=COUNTY, starts_on=SINCE)
    return {
        "township": cast.town_sanjiang,
        "township, a second": make_user("township_reviewer", region_code=cast.sanjiang.code),
        "township, another": cast.town_luoshan,
        "township and county, reviewed before": both,
        "county, set the days": cast.county_one,
        "county": cast.county_two,
        "county, another": cast.stranger,
        "county and evaluator, reviewed before": judge,
        "operator": cast.operator_jasmine,
        "operator of another": cast.operator_bamboo,
        "evaluator": cast.evaluator,
        "leader": cast.leader,
        "auditor": cast.auditor,
        "system administrator": cast.system_admin,
        "security administrator": cast.security_admin,
        "audit administrator": cast.audit_admin,
    }


def reach(world: World, step: str, people: dict[str, User]) -> Task:
    """The open task of the step at 茉莉, after the people of the story did what comes before it."""
    jasmine, both = world.cast.jasmine, people["township and county, reviewed before"]
    if step == "set_attendance_days":
        return world.open_task(step)
    if step == "review_township":
        return world.open_task(step, jasmine)
    if step == "correct":
        world.complete(world.open_task("review_township", jasmine), both, "returned", comment="请说明")
        return world.open_task(step, jasmine)
    for institution in (jasmine, world.cast.bamboo, world.cast.nowhere):
        person = both if institution == jasmine else world.township_reviewer(institution)
        world.complete(world.open_task("review_township", institution), person, "approved")
        if step == "evaluate":
            world.complete(
                world.open_task("review_county", institution),
                people["county and evaluator, reviewed before"],
                "approved",
            )
    if step == "review_county":
        return world.open_task(step, jasmine)
    world.cycle.refresh_from_db()
    run_pending(until_idle=True, timeout=60)
    return world.open_task(step)


def verbs(world: World, task: Task, people: dict[str, User]) -> dict[str, Callable[[User], Any]]:
    """Each with everything it asks for, so that only the person and the state can be refused."""
    node = task.flow_task
    assert isinstance(node, HumanTask)
    common: dict[str, Any] = {
        "comment": "按规定办理",
        "content_hash": content_hash(task),
        "person_ids": (people["township, a second"].pk,),
        "confirmation": str(world.cycle.month),
        "required_days": RequiredDaysInput(days=17, reason="园历"),
    }
    statement = world.statement(world.cast.jasmine) if task.place.statement_id else None
    found: dict[str, Callable[[User], Any]] = {}

    def at_task(code: str, **more: Any) -> Callable[[User], Any]:
        payload = ActionPayload(**{**common, **more})
        return lambda person: perform(task_id=task.pk, actor=person, action=code, payload=payload)

    for code in VERBS:
        if code != "complete":
            found[code] = at_task(code)
    for decision in node.decisions:
        found[f"complete {decision.code}"] = at_task(
            "complete", decision=decision.code, identity=just_proved(decision.code)
        )
    if statement is not None:
        payload = ActionPayload(comment="按规定办理", content_hash=statement_content_hash(statement))
        for code in STATEMENT_VERBS:
            found[f"statement {code}"] = lambda person, code=code: perform_on_statement(
                statement_id=statement.pk, actor=person, action=code, payload=payload
            )
    for code in CYCLE_VERBS:
        found[f"month {code}"] = lambda person, code=code: perform_on_cycle(
            cycle_id=world.cycle.pk, actor=person, action=code, payload=ActionPayload(**common)
        )
    return found


def answers(world: World, step: str) -> list[dict[str, str]]:
    """One row a person. Refusals run one after another and must leave every row alone; what succeeds is rolled back."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        people = everybody(world)
        task = reach(world, step, people)
    before, rows = picture(), []
    for name, person in people.items():
        row = {"step": step, "person": name}
        for code, act in verbs(world, task, people).items():
            start = transaction.savepoint()
            try:
                act(User.objects.get(pk=person.pk))
                row[code] = "ok"
                transaction.savepoint_rollback(start)
            except DomainError as refusal:
                row[code] = f"{refusal.status} {refusal.code}"
                transaction.savepoint_commit(start)
        assert picture() == before, f"{step}: a refusal of {name} changed something"
        rows.append(row)
    return rows


def text_of(blocks: dict[str, list[dict[str, str]]]) -> str:
    out = io.StringIO()
    for rows in blocks.values():
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        out.write("\n")
    return out.getvalue()


def reviewed() -> dict[str, list[dict[str, str]]]:
    blocks = [block for block in FILE.read_text().split("\n\n") if block.strip()]
    rows = [list(csv.DictReader(io.StringIO(block.strip()))) for block in blocks]
    return {block[0]["step"]: block for block in rows}


def test_everybody_gets_exactly_the_reviewed_answer(
    just_opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.runner.close_old_connections", lambda: None)
    found: dict[str, list[dict[str, str]]] = {}
    for step in STEPS:
        if step == "review_township":
            just_opened.to_reviews()
        start = transaction.savepoint()
        found[step] = answers(just_opened, step)
        transaction.savepoint_rollback(start)
    if WRITE:
        FILE.write_text(text_of(found))
    assert found == reviewed()


def test_the_reviewed_file_says_what_the_law_asks() -> None:
    """Whatever is written into the file: these hold."""
    for step, rows in reviewed().items():
        decided = {
            row["person"] for row in rows for code in row if code.startswith("complete") and row[code] == "ok"
        }
        for person in ("auditor", "system administrator", "security administrator", "audit administrator"):
            assert person not in decided, (step, person)
        assert "county, another" not in decided, step
        if step in ("correct", "review_county", "evaluate"):
            assert "township and county, reviewed before" not in decided, step
        if step in ("review_township", "review_county", "evaluate"):
            assert "operator" not in decided, step
        if step == "evaluate":
            assert "county and evaluator, reviewed before" not in decided
            assert decided == {"evaluator"}
        assert decided, step
