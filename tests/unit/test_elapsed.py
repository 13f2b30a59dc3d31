"""Where the time went: pieces that touch, and sum to the whole, whatever happened in between."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from workflows.elapsed import Happened, Usual, Waiting, elapsed, usual, visits

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def events(*rows: tuple[str, int, str] | tuple[str, int, str, str]) -> list[Happened]:
    """(kind, minute, node[, holder])."""
    return [
        Happened(kind, START + timedelta(minutes=minute), node, node.upper(), 1, *holder)
        for kind, minute, node, *holder in rows
    ]


def shown(found: object) -> list[tuple[str, str, str, int]]:
    return [
        (piece.node, piece.waiting.value, piece.holder, int(piece.length.total_seconds() // 60))
        for piece in found.pieces  # type: ignore[attr-defined]  # an Elapsed
    ]


REVIEW = (
    ("started", 0, "start"),
    ("created", 0, "review_township"),
    ("opened", 3, "review_township"),
    ("claimed", 5, "review_township", "王三江"),
    ("decided", 9, "review_township"),
    ("created", 9, "correct"),
    ("decided", 30, "correct"),
    ("created", 30, "review_township"),
    ("claimed", 31, "review_township", "王三江"),
    ("reassigned", 40, "review_township", "李三江"),
    ("overdue", 41, "review_township"),
    ("released", 45, "review_township"),
    ("decided", 50, "review_township"),
    ("created", 50, "review_county"),
)


def test_a_review_with_a_return_and_a_reassignment() -> None:
    found = elapsed(events(*REVIEW), now=START + timedelta(minutes=60))
    assert found is not None
    assert shown(found) == [
        ("review_township", "system", "", 0),
        ("review_township", "person", "", 5),
        ("review_township", "person", "王三江", 4),
        ("correct", "system", "", 0),
        ("correct", "person", "", 21),
        ("review_township", "system", "", 0),
        ("review_township", "person", "", 1),
        ("review_township", "person", "王三江", 9),
        ("review_township", "person", "李三江", 5),
        ("review_township", "person", "", 5),
        ("review_county", "system", "", 0),
        ("review_county", "person", "", 10),
    ]
    assert {node: int(time.total_seconds() // 60) for (node, _), time in found.steps().items()} == {
        "review_township": 29,
        "correct": 21,
        "review_county": 10,
    }
    assert (found.finished_at, found.total) == (None, timedelta(minutes=60))


def test_a_month_with_jobs_one_of_which_failed() -> None:
    rows = events(
        ("started", 0, "start"),
        ("created", 0, "set_days"),
        ("decided", 4, "set_days"),
        ("job_retried", 5, "calculate"),
        ("job_failed", 6, "calculate"),
        ("job_revived", 20, "calculate"),
        ("job_done", 22, "calculate"),
        ("job_done", 23, "warn"),
        ("job_done", 24, "review"),
        ("joined", 90, "review"),
        ("created", 90, "evaluate"),
    )
    found = elapsed(rows, now=START + timedelta(minutes=95), fan_outs=["review"])
    assert found is not None
    assert shown(found)[1:] == [
        ("set_days", "person", "", 4),
        ("calculate", "system", "", 2),
        ("calculate", "operator", "", 14),
        ("calculate", "system", "", 2),
        ("warn", "system", "", 1),
        ("review", "institutions", "", 67),
        ("evaluate", "system", "", 0),
        ("evaluate", "person", "", 5),
    ]


def test_what_works_now_is_named_by_the_caller() -> None:
    rows = events(("started", 0, "start"), ("created", 0, "set_days"), ("decided", 4, "set_days"))
    found = elapsed(rows, now=START + timedelta(minutes=6), running=("calculate", "计算补助"))
    assert found is not None
    assert (found.pieces[-1].title, found.pieces[-1].waiting) == ("计算补助", Waiting.SYSTEM)


def test_opened_again_after_the_end() -> None:
    """The rest in between belongs to nobody, and is part of the whole."""
    rows = events(
        ("started", 0, "start"),
        ("created", 0, "review"),
        ("decided", 10, "review"),
        ("finished", 10, "approved"),
        ("reopened", 30, "approved"),
        ("created", 30, "review"),
        ("decided", 45, "review"),
        ("finished", 45, "approved"),
    )
    found = elapsed(rows, now=START + timedelta(days=9))
    assert found is not None
    assert [row for row in shown(found) if row[3]] == [
        ("review", "person", "", 10),
        ("", "nobody", "", 20),
        ("review", "person", "", 15),
    ]
    assert (found.finished_at, found.total) == (START + timedelta(minutes=45), timedelta(minutes=45))


KINDS = (
    *("started", "created", "claimed", "released", "reassigned", "delegated", "decided", "withdrawn"),
    *("reopened", "job_done", "job_retried", "job_failed", "job_revived", "joined", "finished", "cancelled"),
    *("opened", "overdue", "due_soon", "escalated", "reminded", "something_new"),
)


@pytest.mark.parametrize("seed", range(200))
def test_pieces_touch_and_sum_to_the_whole(seed: int) -> None:
    """Any order of events, to the microsecond."""
    chance = random.Random(seed)
    at, rows = START, []
    for _ in range(chance.randrange(1, 40)):
        at += timedelta(microseconds=chance.randrange(0, 10 ** chance.randrange(1, 11)))
        kind = chance.choice(KINDS)
        node = chance.choice(("", "a", "b", "c"))
        rows.append(Happened(kind, at, node, node, chance.randrange(1, 4), chance.choice(("", "甲", "乙"))))
    rows.insert(0, Happened("started", START, "start"))
    now = at + timedelta(microseconds=chance.randrange(0, 10**9))
    found = elapsed(rows, now=now, fan_outs=["c"])
    assert found is not None
    moving = [
        row for row in rows if row.kind not in ("opened", "overdue", "due_soon", "escalated", "reminded")
    ]
    end = moving[-1].at if moving[-1].kind == "finished" else now
    assert found.opened_at == START
    assert sum((piece.length for piece in found.pieces), timedelta()) == end - START == found.total
    assert sum(found.steps().values(), timedelta()) == found.total
    for one, other in zip(found.pieces, found.pieces[1:], strict=False):
        assert one.ended_at == other.started_at


def test_without_events() -> None:
    assert elapsed([], now=START) is None
    assert elapsed(events(("opened", 1, "a")), now=START) is None


def test_visits_are_counted_each_time() -> None:
    minutes = [(node, int(length.total_seconds() // 60)) for node, length in visits(events(*REVIEW))]
    assert minutes == [("review_township", 9), ("correct", 21), ("review_township", 20)]


@pytest.mark.parametrize(
    ("lengths", "expected"), [((5,), 5), ((1, 9, 5), 5), ((1, 9), 5), ((3, 4, 10, 11), 7)]
)
def test_usual_is_the_median(lengths: tuple[int, ...], expected: int) -> None:
    found = usual([timedelta(minutes=length) for length in lengths])
    assert found == Usual(timedelta(minutes=expected), len(lengths))
    assert usual([]) is None
