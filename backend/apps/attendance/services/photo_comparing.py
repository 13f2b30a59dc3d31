"""Is one picture a copy of the other? The second look, on the pictures themselves, at pairs the hashes propose.

The two are laid over each other (a copy may have lost some percent at each edge), light and contrast are taken out,
and what is left over is measured block by block: a copy leaves noise everywhere, another moment leaves at least a
child who stands elsewhere, however equal the wall is. The worst blocks decide, not the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageOps

from backend.apps.attendance.domain.fingerprint import Window

SAME_WORST: Final = 20  # grey levels left over in the worst of 64 blocks, after contrast is made equal
SAME_FOURTH: Final = 13  # and in the fourth worst
SAME_MEAN: Final = 5
FAR, HOPELESS = (
    26,
    13.5,
)  # mean left over before and after the coarse look, beyond which no copy was ever seen
LIMIT: Final = 0.13  # of an edge that one picture may lack
_BIG, _MIDDLE, _SMALL, _FINAL, _BLOCKS = 96, 48, 24, 32, 8
_CONTRAST: Final = 48
_COARSE, _FINE = (0.02, 0.01), (0.01, 0.005, 0.0025)

Edges = tuple[
    float, float, float, float
]  # left, top, right, bottom: positive is missing in the second picture
_MOVES: Final[tuple[Edges, ...]] = (
    *((1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, -1, 0, 0), (0, 0, 1, 0), (0, 0, -1, 0), (0, 0, 0, 1)),
    *((0, 0, 0, -1), (1, 0, -1, 0), (-1, 0, 1, 0), (0, 1, 0, -1), (0, -1, 0, 1), (1, 1, 1, 1)),
    (-1, -1, -1, -1),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`worst` is the grey levels left over in the worst block, 0 to 255; comparable between pairs."""

    same: bool
    worst: int


NOT_SAME: Final = Comparison(same=False, worst=255)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture in grey, at the sizes the comparison works on."""

    big: Image.Image
    middle: Image.Image
    small: Image.Image


def prepare(image: Image.Image) -> Prepared:
    grey = ImageOps.exif_transpose(image).convert("L").resize((_BIG, _BIG), Image.Resampling.BOX)
    big = _even(grey)
    middle, small = (big.resize((n, n), Image.Resampling.BOX) for n in (_MIDDLE, _SMALL))
    return Prepared(big, middle, small)


def compare(whole: Prepared, other: Prepared, window: Window) -> Comparison:
    """`window` of `other` is where `whole` is expected (`domain.fingerprint.Candidate`)."""
    if _left_over(other.small, whole.small, window, _SMALL) > FAR:
        return NOT_SAME
    best = NOT_SAME
    for start, steps in ((window, _COARSE), (window, _FINE), ((0.0, 0.0, 0.0, 0.0), _COARSE)):
        edges, left_over = _search(other.small, whole.small, start, steps, _SMALL)
        if left_over > HOPELESS:
            return best
        edges, _ = _search(other.middle, whole.middle, edges, _FINE, _MIDDLE)
        found = _judge(*_overlay(other.big, whole.big, edges, _FINAL))
        if found.worst < best.worst:
            best = found
        if found.same:
            return found  # otherwise once more from elsewhere: a descent now and then ends in a local minimum
    return best


def _judge(one: Image.Image, two: Image.Image) -> Comparison:
    rest = ImageChops.difference(_even(one), _even(two))
    blocks = sorted(rest.resize((_BLOCKS, _BLOCKS), Image.Resampling.BOX).tobytes(), reverse=True)
    mean = sum(rest.tobytes()) / _FINAL**2
    same = blocks[0] <= SAME_WORST and blocks[3] <= SAME_FOURTH and mean <= SAME_MEAN
    return Comparison(same=same, worst=blocks[0])


def _search(
    one: Image.Image, two: Image.Image, edges: Edges, steps: Sequence[float], side: int
) -> tuple[Edges, float]:
    """Descent over the four edges, every move followed as long as it helps; the edges and the mean left over."""
    best = _left_over(one, two, edges, side)
    for step in steps:
        improved = True
        while improved:
            improved = False
            for move in _MOVES:
                while (cost := _left_over(one, two, tried := _moved(edges, move, step), side)) < best * 0.995:
                    best, edges, improved = cost, tried, True
    return edges, best


def _moved(edges: Edges, move: Edges, step: float) -> Edges:
    left, top, right, bottom = (
        min(LIMIT, max(-LIMIT, edge + step * part)) for edge, part in zip(edges, move, strict=True)
    )
    return left, top, right, bottom


def _left_over(one: Image.Image, two: Image.Image, edges: Edges, side: int) -> float:
    first, second = _overlay(one, two, edges, side)
    return sum(ImageChops.difference(first, second).tobytes()) / side**2


def _overlay(one: Image.Image, two: Image.Image, edges: Edges, side: int) -> tuple[Image.Image, Image.Image]:
    """The part both pictures show, at one size."""
    return _part(one, edges, 1, side), _part(two, edges, -1, side)


def _part(image: Image.Image, edges: Edges, sign: int, side: int) -> Image.Image:
    left, top, right, bottom = (max(0.0, sign * edge) * image.width for edge in edges)
    box = (left, top, image.width - right, image.height - bottom)
    return image.resize((side, side), Image.Resampling.BILINEAR, box=box)


def _even(image: Image.Image) -> Image.Image:
    """The same picture with mean 128 and one fixed deviation."""
    histogram = image.histogram()
    count = sum(histogram)
    mean = sum(level * number for level, number in enumerate(histogram)) / count
    variance = sum((level - mean) ** 2 * number for level, number in enumerate(histogram)) / count
    gain = _CONTRAST / max(1.0, variance**0.5)
    return image.point([round(min(255.0, max(0.0, 128 + (level - mean) * gain))) for level in range(256)])
