"""Copies of pictures: how many are found, how many others are accused, and what it costs. On pictures drawn here.

    python benchmarks/bench_photos.py                       # precision and recall, some minutes
    python benchmarks/bench_photos.py --month 12000         # and the search over a month of so many pictures

Without a database: the hashes and the second look are measured by themselves, on known truth.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sys
import time
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walls", type=int, default=20)
    parser.add_argument("--children", type=int, default=15)
    parser.add_argument("--month", type=int, default=0)
    options = parser.parse_args()
    import django

    django.setup()
    recall_and_precision(options.walls, options.children)
    if options.month:
        month(options.month)


def recall_and_precision(walls: int, children: int) -> None:
    from backend.apps.attendance.domain.fingerprint import candidates
    from backend.apps.attendance.services.photo_comparing import prepare
    from backend.apps.attendance.services.photo_reading import photo_print
    from tests.support.gate_pictures import COPIES, Shot, again, moments, picture

    shots = list(moments(walls=walls, children=children))
    pictures = [again(picture(shot), 85) for shot in shots]
    start = time.process_time()
    prints = dict(enumerate(photo_print(one) for one in pictures))
    print(
        f"{len(pictures)} pictures, fingerprint {1000 * (time.process_time() - start) / len(pictures):.1f} ms CPU each"
    )
    ready = dict(enumerate(prepare(one) for one in pictures))
    wrong = 0
    for name, alter in COPIES.items():
        proposed = same = 0
        for number, one in enumerate(pictures):
            copy = alter(one, number)
            ready[-1] = prepare(copy)
            for found in candidates({-1: photo_print(copy)}, prints.items()):
                right = {found.whole, found.cropped} == {-1, number}
                proposed += right
                result = verdict(ready, found)
                same += right and result
                wrong += result and not right
        print(f"recall, {name:<11} proposed {proposed / len(pictures):.3f}  found {same / len(pictures):.3f}")
    among = list(candidates(prints, []))
    wrong += sum(verdict(ready, found) for found in among)
    pairs = len(pictures) * (len(pictures) - 1) // 2
    at_one_wall = sum(one.wall == two.wall for one, two in combinations(shots, 2))
    print(
        f"different pictures: {pairs} pairs, {at_one_wall} at one wall; proposed {len(among)}; accused in all: {wrong}"
    )
    hard(Shot, picture, again)


def verdict(ready: dict, found) -> bool:
    from backend.apps.attendance.domain.fingerprint import WINDOWS
    from backend.apps.attendance.services.photo_comparing import compare

    return compare(ready[found.whole], ready[found.cropped], WINDOWS[found.window]).same


def hard(shot_of, picture, again) -> None:
    """Pairs forced past the hashes: the second look alone."""
    from backend.apps.attendance.domain.fingerprint import WINDOWS
    from backend.apps.attendance.services.photo_comparing import compare, prepare

    kinds = {
        "other child, same place and moment": lambda n: (
            shot_of(n % 10, n, 0, n),
            shot_of(n % 10, n + 999, 0, n),
        ),
        "same child, other day": lambda n: (shot_of(n % 10, n, 0, n), shot_of(n % 10, n, 1, n + 5000)),
        "same child and clothes (or twins)": lambda n: (
            shot_of(n % 10, n, 0, n),
            shot_of(n % 10, n, 0, n + 5000),
        ),
    }
    for name, make in kinds.items():
        worst, accused = [], 0
        for number in range(200):
            one, two = (prepare(again(picture(shot), 85)) for shot in make(number))
            result = compare(one, two, WINDOWS[0])
            worst.append(result.worst)
            accused += result.same
        print(
            f"second look alone, {name:<36} 200 pairs, accused {accused}, least left over in the worst block {min(worst)}"
        )


def month(count: int) -> None:
    """The search over `count` pictures at once, then against as many earlier ones."""
    from PIL import Image

    from backend.apps.attendance.domain.fingerprint import candidates
    from backend.apps.attendance.services.photo_reading import photo_print
    from tests.support.gate_pictures import Shot, jpeg, picture

    start, prints = time.process_time(), {}
    for number in range(count):
        shot = Shot(wall=number % 104, child=number // 2, clothes=number % 2, moment=number)
        prints[number] = photo_print(Image.open(io.BytesIO(jpeg(picture(shot)))))
    print(f"drawing and fingerprints of {count}: {time.process_time() - start:.0f} s CPU")
    start = time.process_time()
    among = sum(1 for _ in candidates(prints, []))
    print(f"search among {count}: {time.process_time() - start:.1f} s CPU, {among} proposed")
    half = {number: prints[number] for number in range(count // 2)}
    start = time.process_time()
    among = sum(1 for _ in candidates(half, []))
    print(f"search among {count // 2}: {time.process_time() - start:.1f} s CPU, {among} proposed")
    start = time.process_time()
    against = sum(1 for _ in candidates(half, ((n, prints[n]) for n in range(count // 2, count))))
    print(
        f"{count // 2} against {count // 2} earlier: {time.process_time() - start:.1f} s CPU, {against} proposed"
    )
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
