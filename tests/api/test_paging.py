"""Key-set pages: every row once, in order, whatever is added meanwhile; cursors stay on their own list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import EntitlementLine, Statement
from tests.api.month import Month
from tests.api.support import assert_problem, get
from tests.factories import make_child, make_institution

pytestmark = pytest.mark.django_db


def walk(user: Any, path: str, limit: int, between: Callable[[], None], **query: Any) -> list[int]:
    """Ids of all pages; `between` runs once after the first page."""
    found, cursor = [], None
    while True:
        extra = {"cursor": cursor} if cursor else {}
        body = get(user, path, limit=limit, **query, **extra).json()
        found += [row["id"] for row in body["results"]]
        if cursor is None:
            between()
        cursor = body["next"]
        if cursor is None:
            return found


def add_statement(month: Month, township: str | None) -> Statement:
    place: Institution = make_institution(township=township)
    model = month.jasmine
    return Statement.objects.create(
        cycle=month.cycle,
        institution=place,
        grade_id="level_1",
        required_days=18,
        calculated_at=model.calculated_at,
    )


def test_statements_of_a_cycle_by_township(reviewed: Month) -> None:
    """Ties on the township are broken by the institution; rows without a township come last, each once."""
    townships = ["330683002000", None, "330683001000", "330683003000", None, "330683001000"]
    made = [add_statement(reviewed, code) for code in townships]
    path, user = f"/cycles/{reviewed.cycle.pk}/statements", reviewed.cast.county_one
    expected = [
        *(made[2].pk, made[5].pk),  # 330683001000
        *(reviewed.jasmine.pk, made[0].pk),  # 330683002000
        *(reviewed.bamboo.pk, made[3].pk),  # 330683003000
        *(reviewed.nowhere.pk, made[1].pk, made[4].pk),  # 待补
    ]
    for limit in (1, 2, 3, 4, 9, 10, 100):
        assert walk(user, path, limit, lambda: None) == expected, limit


def test_rows_added_meanwhile_never_repeat_or_hide_others(reviewed: Month) -> None:
    path, user = f"/cycles/{reviewed.cycle.pk}/statements", reviewed.cast.county_one
    before = walk(user, path, 100, lambda: None)
    seen = walk(user, path, 1, lambda: [add_statement(reviewed, "330683001000")][0] and None)
    assert seen == before  # the new row sorts before the first page and is simply not met
    later = []
    seen = walk(user, path, 1, lambda: later.append(add_statement(reviewed, None)))
    assert [row for row in seen if row in before] == before
    assert seen[-1] == later[0].pk


def test_lines_by_child_code(reviewed: Month) -> None:
    statement = reviewed.jasmine
    model = EntitlementLine.objects.filter(statement=statement)[0]
    for code in ("MOLI-0", "MOLI-15", "ZZZ", "AAA"):
        EntitlementLine.objects.create(
            **{
                "statement": statement,
                "child": make_child(name="补充", code=code),
                **{
                    f: getattr(model, f)
                    for f in ("class_type", "care_mode", "attended_days", "required_days")
                },
                **{f: getattr(model, f) for f in ("not_captured_days", "factor", "amount", "reason_code")},
                "derivation": model.derivation,
            }
        )
    path, user = f"/statements/{statement.pk}/lines", reviewed.cast.county_one
    whole = get(user, path, limit=100).json()["results"]
    assert len({row["child_code"] for row in whole}) == 7
    for limit in (1, 2, 3, 7):
        assert walk(user, path, limit, lambda: None) == [row["id"] for row in whole], limit


def test_a_cursor_belongs_to_one_list(reviewed: Month) -> None:
    user = reviewed.cast.county_one
    path = f"/cycles/{reviewed.cycle.pk}/statements"
    cursor = get(user, path, limit=1).json()["next"]
    assert get(user, path, limit=1, cursor=cursor).status_code == 200
    others = ("/statements", "/alerts", "/tasks", f"/statements/{reviewed.jasmine.pk}/lines", "/cycles")
    for other in others:
        assert_problem(get(user, other, cursor=cursor), 400, "cursor_invalid")
    for broken in (cursor[:-1], cursor[1:], cursor + "A", "." + cursor, "x" * 300):
        assert_problem(get(user, path, cursor=broken), 400, "cursor_invalid")
    assert_problem(get(user, path, cursor="x" * 301), 400, "invalid_input")


def test_a_cursor_says_nothing_readable_about_people(reviewed: Month) -> None:
    cursor = get(reviewed.cast.county_one, f"/statements/{reviewed.jasmine.pk}/lines", limit=1).json()["next"]
    assert cursor.isascii()
    assert len(cursor) < 120
