"""Copies are recognised and different pictures are not, on pictures drawn here. The figures are in docs/photos.md."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from PIL import Image

from backend.apps.attendance.domain import fingerprint
from backend.apps.attendance.domain.fingerprint import WINDOWS, Fingerprint, candidates
from backend.apps.attendance.services.photo_comparing import Comparison, compare, prepare
from backend.apps.attendance.services.photo_reading import photo_print
from tests.support.gate_pictures import COPIES, Shot, again, moments, picture


def look(one: Image.Image, two: Image.Image) -> Comparison | None:
    """What both stages say; None when the hashes do not even propose the pair."""
    first, second = photo_print(one), photo_print(two)
    assert first is not None
    assert second is not None
    pictures = {1: prepare(one), 2: prepare(two)}
    for found in candidates({2: second}, [(1, first)]):
        return compare(pictures[found.whole], pictures[found.cropped], WINDOWS[found.window])
    return None


@pytest.fixture(scope="module")
def originals() -> list[Image.Image]:
    return [again(picture(shot), 85) for shot in moments(walls=4, children=4)]


@pytest.mark.parametrize("name", sorted(COPIES))
def test_recall(originals: list[Image.Image], name: str) -> None:
    found = [look(one, COPIES[name](one, number)) for number, one in enumerate(originals)]
    same = sum(result is not None and result.same for result in found)
    assert same >= (14 if name == "everything" else 15), f"{same} of {len(found)}"


def pairs() -> Iterator[tuple[str, Shot, Shot]]:
    """Different pictures, from easy to hard."""
    for wall in range(3):
        yield "other child", Shot(wall, wall * 9, 0, wall), Shot(wall, wall * 9 + 1, 0, wall + 50)
        yield "other child, same place", Shot(wall, wall * 9, 0, wall), Shot(wall, wall * 9 + 1, 0, wall)
        yield "same child, other day", Shot(wall, wall * 9, 0, wall), Shot(wall, wall * 9, 1, wall + 60)
        yield "same child and clothes", Shot(wall, wall * 9, 0, wall), Shot(wall, wall * 9, 0, wall + 70)


def test_precision_of_the_second_look() -> None:
    """Even when the hashes are left out and every hard pair is looked at."""
    for name, one, two in pairs():
        result = compare(prepare(again(picture(one), 85)), prepare(again(picture(two), 85)), WINDOWS[0])
        assert not result.same, name


def test_the_same_wall_proposes_few_pairs(originals: list[Image.Image]) -> None:
    prints = {number: found for number, one in enumerate(originals) if (found := photo_print(one))}
    proposed = list(candidates(prints, []))
    possible = len(list(combinations(prints, 2)))
    assert (len(prints), possible) == (16, 120)
    assert len(proposed) <= 3
    assert len({frozenset(found[:2]) for found in proposed}) <= len(proposed)


def test_a_fingerprint_survives_storage(originals: list[Image.Image]) -> None:
    found = photo_print(originals[0])
    assert found is not None
    assert Fingerprint.decode(found.encode()) == found
    assert len(found.encode()) == 157
    assert len(set(found.probes())) == 32


def test_the_search_does_not_grow_with_the_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-alikes without end: each picture is compared with a bounded number of others."""
    monkeypatch.setattr(fingerprint, "MAX_LOOKS", 40)
    one = Fingerprint(tuple([7] * len(WINDOWS)), strong=0, colour=0, strong_colour=0, weak=(0, 1, 2, 3, 4))
    found = list(candidates(dict.fromkeys(range(150), one), ((n, one) for n in range(150, 200))))
    assert 200 <= len(found) <= 200 * 40


def test_turning_the_order_finds_the_same_pairs(originals: list[Image.Image]) -> None:
    copies = [COPIES["crop"](one, number) for number, one in enumerate(originals[:6])]
    prints = [found for one in (*originals[:6], *copies) if (found := photo_print(one))]
    forwards = {frozenset(c[:2]) for c in candidates(dict(enumerate(prints[:6])), enumerate(prints[6:], 6))}
    backwards = {frozenset(c[:2]) for c in candidates(dict(enumerate(prints[6:], 6)), enumerate(prints[:6]))}
    at_once = {frozenset(c[:2]) for c in candidates(dict(enumerate(prints)), [])}
    assert forwards == backwards
    assert at_once >= forwards
    assert {frozenset((n, n + 6)) for n in range(6)} <= forwards | at_once
