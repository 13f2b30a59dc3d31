"""What is remembered of a picture so that its copies are found again: hashes of it and of its slightly cropped self.

Pure: takes grey and colour samples of 12 × 12, returns integers. One hash has 54 bits, the signs of the lowest
frequencies of a cosine transform; the first 27 are the key under which it is looked up. A copy cropped by up to 6 %
at each edge equals, nearly, one of 16 cropped windows of the original, so a picture keeps 17 hashes; the five weakest
bits of the whole picture are tried both ways. Docs: docs/photos.md, decision 0053.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import cos, pi
from operator import mul
from typing import Final, NamedTuple

VERSION: Final = 1
SIDE: Final = 12  # samples per edge
KEY_ORDER, HASH_ORDER, COLOUR_ORDER = 6, 9, 3  # highest sum of the two frequencies
EDGES: Final = (0.015, 0.045)  # a crop of 0 to 6 % is at most 1.5 % away from one of these
WEAK: Final = 5  # bits tried both ways
STRONG, STRONG_COLOUR = 44, 12  # bits that are trusted
MAX_FLIPS, MAX_COLOUR_FLIPS = 3, 2  # trusted bits that may differ between copies
MAX_LOOKS: Final = (
    3_000  # comparisons per picture: a wall everybody stands at must not make the search quadratic
)

Window = tuple[float, float, float, float]
WINDOWS: Final[tuple[Window, ...]] = ((0, 0, 0, 0), *product(EDGES, EDGES, EDGES, EDGES))


def _frequencies(highest: int) -> list[tuple[int, int]]:
    pairs = [(u, v) for u in range(highest + 1) for v in range(highest + 1) if 0 < u + v <= highest]
    return sorted(pairs, key=lambda pair: (sum(pair), pair))


_HASH: Final = _frequencies(HASH_ORDER)
_COLOUR: Final = _frequencies(COLOUR_ORDER)
_KEY_BITS: Final = len(_frequencies(KEY_ORDER))
_KEY_MASK: Final = (1 << _KEY_BITS) - 1
_WAVES: Final = [[cos(pi * u * (2 * x + 1) / (2 * SIDE)) for x in range(SIDE)] for u in range(HASH_ORDER + 1)]
_LAYOUT: Final = struct.Struct(f"<{len(WINDOWS)}QQII{WEAK}B")


class Candidate(NamedTuple):
    """Two pictures that may be one: `whole` equals, nearly, window number `window` of `cropped`."""

    whole: int
    cropped: int
    window: int
    flips: int


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`windows[0]` is the whole picture; masks tell which bits are trusted."""

    windows: tuple[int, ...]
    strong: int
    colour: int
    strong_colour: int
    weak: tuple[int, ...]

    def encode(self) -> bytes:
        return _LAYOUT.pack(*self.windows, self.strong, self.colour, self.strong_colour, *self.weak)

    @classmethod
    def decode(cls, stored: bytes) -> Fingerprint:
        values = _LAYOUT.unpack(stored)
        count = len(WINDOWS)
        strong, colour, strong_colour = values[count : count + 3]
        return cls(values[:count], strong, colour, strong_colour, weak=values[count + 3 :])

    def probes(self) -> Iterator[int]:
        """Keys of the whole picture with its weakest bits tried both ways."""
        key = self.windows[0] & _KEY_MASK
        flips = [1 << bit for bit in self.weak]
        yield key
        for choice in range(1, 1 << WEAK):
            probe = key
            for place, flip in enumerate(flips):
                if choice >> place & 1:
                    probe ^= flip
            yield probe


def fingerprint(windows: Sequence[bytes], blue: bytes, red: bytes) -> Fingerprint:
    """From grey samples of every window of WINDOWS and the colour differences of the whole, 144 bytes each."""
    values = [_transform(window, _HASH) for window in windows]
    colours = [*_transform(blue, _COLOUR), *_transform(red, _COLOUR)]
    whole = values[0]
    return Fingerprint(
        windows=tuple(_signs(found) for found in values),
        strong=_strongest(whole, STRONG),
        colour=_signs(colours),
        strong_colour=_strongest(colours, STRONG_COLOUR),
        weak=tuple(sorted(range(_KEY_BITS), key=lambda bit: abs(whole[bit]))[:WEAK]),
    )


def _transform(samples: bytes, wanted: Sequence[tuple[int, int]]) -> list[float]:
    highest = wanted[-1][0] + wanted[-1][1]
    waves = _WAVES[: highest + 1]
    rows = [
        [sum(map(mul, samples[start : start + SIDE], wave)) for wave in waves]
        for start in range(0, SIDE * SIDE, SIDE)
    ]
    columns = list(zip(*rows, strict=True))
    return [sum(map(mul, columns[u], waves[v])) for u, v in wanted]


def _signs(values: Sequence[float]) -> int:
    return sum(1 << place for place, value in enumerate(values) if value > 0)


def _strongest(values: Sequence[float], count: int) -> int:
    order = sorted(range(len(values)), key=lambda place: -abs(values[place]))
    return sum(1 << place for place in order[:count])


def candidates(
    fresh: Mapping[int, Fingerprint], known: Iterable[tuple[int, Fingerprint]]
) -> Iterator[Candidate]:
    """Pairs within `fresh` and between `fresh` and `known` that may be copies, each pair at most once, best window.

    A hash join: the work grows with the number of pictures, never with its square. Nothing of `known` is kept.
    """
    table = _Table(fresh)
    for number, found in fresh.items():
        yield from table.look(number, found, among_fresh=True)
    for number, found in known:
        yield from table.look(number, found, among_fresh=False)


class _Table:
    """Windows and probes of the fresh pictures by key."""

    def __init__(self, fresh: Mapping[int, Fingerprint]) -> None:
        self.fresh = fresh
        self.windows: dict[int, list[tuple[int, int]]] = {}
        self.probes: dict[int, list[int]] = {}
        for number, found in fresh.items():
            for place, hashed in enumerate(found.windows):
                self.windows.setdefault(hashed & _KEY_MASK, []).append((number, place))
            for probe in found.probes():
                self.probes.setdefault(probe, []).append(number)

    def look(self, number: int, found: Fingerprint, *, among_fresh: bool) -> Iterator[Candidate]:
        best: dict[int, Candidate] = {}
        looks = MAX_LOOKS
        whole, strong = found.windows[0], found.strong
        for probe in found.probes():
            for other, place in self.windows.get(probe, ()):
                if other == number or looks <= 0:
                    continue
                looks -= 1
                flips = ((whole ^ self.fresh[other].windows[place]) & strong).bit_count()
                if flips <= MAX_FLIPS:
                    _keep(best, other, Candidate(number, other, place, flips))
        if not among_fresh:  # the other direction; among the fresh ones the other picture looks by itself
            for place, hashed in enumerate(found.windows):
                for other in self.probes.get(hashed & _KEY_MASK, ()):
                    if looks <= 0:
                        break
                    looks -= 1
                    their = self.fresh[other]
                    flips = ((their.windows[0] ^ hashed) & their.strong).bit_count()
                    if flips <= MAX_FLIPS:
                        _keep(best, other, Candidate(other, number, place, flips))
        for other, candidate in best.items():
            if _colours_agree(found, self.fresh[other]):
                yield candidate


def _keep(best: dict[int, Candidate], other: int, candidate: Candidate) -> None:
    old = best.get(other)
    if old is None or candidate.flips < old.flips:
        best[other] = candidate


def _colours_agree(one: Fingerprint, other: Fingerprint) -> bool:
    trusted = one.strong_colour & other.strong_colour
    return ((one.colour ^ other.colour) & trusted).bit_count() <= MAX_COLOUR_FLIPS
