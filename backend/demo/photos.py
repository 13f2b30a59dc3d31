"""Placeholder portraits: a coloured figure with the word 演示 on it. Nobody can take one for a person.

Every child has a background of its own, so that no two portraits are one picture unless that is planted.
"""

from __future__ import annotations

import colorsys
import io
from random import Random

from PIL import Image, ImageDraw

SIZE = 96
QUALITY = 35
# 演 and 示 as 16 rows of 16 pixels, so that no font is needed where the demo is seeded.
_GLYPHS = (
    "00806080 2ffc0804 07f88080 e0800ff8 0c882ff8 2c882c88 4ff84320 ce180804",
    "7ff80000 00000000 fffc0300 03003330 23106318 4308c30c 03000e00 00000000",
)


def portrait(*, seed: int, number: int) -> bytes:
    """JPEG of about 2 kB; the same seed and number give the same picture."""
    rng = Random(f"{seed}:portrait:{number}")  # noqa: S311  # reproducible data, not a secret
    hue = rng.random()
    image = Image.new("RGB", (SIZE, SIZE), _colour(hue, 0.18, 0.97))
    draw = ImageDraw.Draw(image)
    _background(draw, rng, hue)
    figure = _colour((hue + 0.45 + rng.random() * 0.1) % 1, 0.55, 0.75)
    shape, margin = rng.randrange(4), rng.randrange(10, 22)
    box = (margin, 8, SIZE - margin, SIZE - 2 * margin - 8 + 16)
    if shape == 0:
        draw.ellipse(box, fill=figure)
    elif shape == 1:
        draw.rectangle(box, fill=figure)
    elif shape == 2:
        draw.polygon([(SIZE // 2, box[1]), (box[0], box[3]), (box[2], box[3])], fill=figure)
    else:
        middle = (box[1] + box[3]) // 2
        draw.polygon(
            [(SIZE // 2, box[1]), (box[2], middle), (SIZE // 2, box[3]), (box[0], middle)], fill=figure
        )
    for place, rows in enumerate(_GLYPHS):
        _write(draw, rows, left=20 + place * 30, top=58)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=False)
    return buffer.getvalue()


def altered(content: bytes) -> bytes:
    """The same picture as somebody would send it again: cropped a little, smaller, compressed once more."""
    image = Image.open(io.BytesIO(content))
    cut = image.crop((3, 2, SIZE - 2, SIZE - 4)).resize((80, 80), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    cut.save(buffer, "JPEG", quality=QUALITY + 20, optimize=False)
    return buffer.getvalue()


def _background(draw: ImageDraw.ImageDraw, rng: Random, hue: float) -> None:
    for _ in range(7):
        left, top = rng.randrange(-20, SIZE - 10), rng.randrange(-20, SIZE - 10)
        box = (left, top, left + rng.randrange(15, 50), top + rng.randrange(15, 50))
        fill = _colour((hue + rng.random() * 0.3) % 1, rng.uniform(0.2, 0.6), rng.uniform(0.55, 1))
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=fill)


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _write(draw: ImageDraw.ImageDraw, rows: str, *, left: int, top: int) -> None:
    digits = rows.replace(" ", "")
    for y in range(16):
        row = int(digits[y * 4 : y * 4 + 4], 16)
        for x in range(16):
            if row >> (15 - x) & 1:
                place = (left + x * 2, top + y * 2, left + x * 2 + 1, top + y * 2 + 1)
                draw.rectangle(place, fill=(30, 30, 30))
