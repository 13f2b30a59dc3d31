"""Invented pictures of a gate camera, drawn with known truth: a wall per institution, children who differ, moments that differ.

A wall never moves: its camera is screwed on. A child keeps face and hair; clothes change with the day; every moment
has another place, size, tilt, light and noise. Nobody can take one of these for a person.
"""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance

WIDTH, HEIGHT = 240, 320
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Shot:
    """One moment at one gate. Equal `child` and `clothes` on another `moment` is the same child on the same day."""

    wall: int
    child: int
    clothes: int
    moment: int


def picture(shot: Shot) -> Image.Image:
    """The picture the camera took."""
    rng = Random(f"moment:{shot.moment}")  # reproducible data, not a secret
    image = wall(shot.wall).copy()
    _child(image, shot, rng)
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.9, 1.1))
    noise = Image.frombytes("L", (WIDTH, HEIGHT), rng.randbytes(WIDTH * HEIGHT))
    noise = noise.point([120 + value // 15 for value in range(256)])
    grain = Image.merge("RGB", (noise, noise, noise))
    return ImageChops.add(image, grain, scale=1, offset=-128)


def jpeg(image: Image.Image, quality: int = 85) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@lru_cache(maxsize=64)
def wall(number: int) -> Image.Image:
    rng = Random(f"wall:{number}")  # as above
    base = _colour(rng.random(), rng.uniform(0.05, 0.35), rng.uniform(0.6, 0.95))
    image = Image.new("RGB", (WIDTH, HEIGHT), base)
    draw = ImageDraw.Draw(image)
    line = tuple(max(0, part - 40) for part in base)
    style = rng.randrange(4)
    if style == 0:  # bricks
        for row, top in enumerate(range(0, HEIGHT, 16)):
            draw.line((0, top, WIDTH, top), fill=line)
            for left in range(-(row % 2) * 16, WIDTH, 32):
                draw.line((left, top, left, top + 16), fill=line)
    elif style == 1:  # tiles
        for place in range(0, HEIGHT, 40):
            draw.line((0, place, WIDTH, place), fill=line, width=2)
            draw.line((place, 0, place, HEIGHT), fill=line, width=2)
    elif style == 2:  # wainscot
        draw.rectangle((0, HEIGHT * 3 // 5, WIDTH, HEIGHT), fill=line)
    for _ in range(rng.randrange(2, 7)):  # posters, a door, a clock
        left, top = rng.randrange(-20, WIDTH - 20), rng.randrange(-20, HEIGHT // 2)
        box = (left, top, left + rng.randrange(20, 90), top + rng.randrange(20, 110))
        fill = _colour(rng.random(), rng.uniform(0.2, 0.8), rng.uniform(0.3, 1))
        (draw.rectangle if rng.random() < 0.7 else draw.ellipse)(box, fill=fill)
    return image


def _child(image: Image.Image, shot: Shot, rng: Random) -> None:
    size = rng.uniform(0.88, 1.12)
    middle = WIDTH / 2 + rng.gauss(0, WIDTH * 0.05)
    top = HEIGHT * 0.28 + rng.gauss(0, HEIGHT * 0.035)
    layer = Image.new("RGBA", (WIDTH * 2, HEIGHT * 2), (0, 0, 0, 0))
    _figure(ImageDraw.Draw(layer), shot, rng)
    layer = layer.rotate(rng.gauss(0, 5), Image.Resampling.BILINEAR, center=(WIDTH, HEIGHT * 0.6))
    wide, high = round(WIDTH * 2 * size / 2), round(HEIGHT * 2 * size / 2)
    layer = layer.resize((wide, high), Image.Resampling.BILINEAR)
    image.paste(layer, (round(middle - wide / 2), round(top - high * 0.3)), layer)


def _figure(draw: ImageDraw.ImageDraw, shot: Shot, rng: Random) -> None:
    """Twice the size of the picture; the head's centre at (WIDTH, 0.6 HEIGHT)."""
    who = Random(f"child:{shot.child}")  # as above
    worn = Random(f"clothes:{shot.child}:{shot.clothes}")  # as above
    x, y = WIDTH, HEIGHT * 0.6
    wide, high = who.uniform(75, 98), who.uniform(92, 118)
    skin = _colour(who.uniform(0.05, 0.09), who.uniform(0.2, 0.45), who.uniform(0.75, 0.98))
    hair = _colour(who.uniform(0.02, 0.1), who.uniform(0.2, 0.6), who.uniform(0.08, 0.3))
    shirt = _colour(worn.random(), worn.uniform(0.2, 0.9), worn.uniform(0.3, 0.95))
    other = _colour(worn.random(), worn.uniform(0.2, 0.9), worn.uniform(0.3, 0.95))
    shoulders = who.uniform(150, 190)
    body = (x - shoulders, y + high + 18, x + shoulders, HEIGHT * 2 + 200)
    draw.rounded_rectangle(body, 70, fill=shirt)
    pattern = worn.randrange(3)
    if pattern == 1:
        for stripe in range(int(body[1]) + 30, HEIGHT * 2, 44):
            draw.rectangle((body[0], stripe, body[2], stripe + 18), fill=other)
    elif pattern == 2:
        draw.ellipse((x - 60, body[1] + 70, x + 60, body[1] + 190), fill=other)
    draw.rectangle((x - 34, y + high - 25, x + 34, y + high + 34), fill=skin)
    style = who.randrange(4)
    draw.ellipse((x - wide - 12, y - high - 16, x + wide + 12, y + high * 0.35), fill=hair)
    if style == 1:  # long hair
        draw.rectangle((x - wide - 12, y - 30, x + wide + 12, y + high * 0.9), fill=hair)
    elif style == 2:  # two tails
        for side in (-1, 1):
            draw.ellipse(
                (x + side * (wide + 26) - 28, y - 30, x + side * (wide + 26) + 28, y + 70), fill=hair
            )
    draw.ellipse((x - wide, y - high, x + wide, y + high), fill=skin)
    fringe = who.uniform(0.25, 0.62)
    draw.chord((x - wide, y - high, x + wide, y + high), 180 + 90 * fringe, 360 - 90 * fringe, fill=hair)
    look, smile = rng.gauss(0, 7), rng.uniform(4, 22)
    apart, lower = who.uniform(30, 44), who.uniform(-12, 10)
    for side in (-1, 1):
        cx = x + side * apart + look
        draw.ellipse((cx - 9, y + lower - 7, cx + 9, y + lower + 7), fill=(40, 30, 30))
        draw.line((cx - 14, y + lower - 20, cx + 14, y + lower - 22), fill=hair, width=6)
    draw.arc((x - 28 + look, y + 34, x + 28 + look, y + 34 + smile * 2), 10, 170, fill=(150, 60, 60), width=7)
    if who.random() < 0.2:  # a hat
        draw.pieslice((x - wide - 14, y - high - 40, x + wide + 14, y + high * 0.2), 180, 360, fill=other)


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


# --- copies -----------------------------------------------------------------------------------------------
def again(image: Image.Image, quality: int) -> Image.Image:
    """Through a JPEG once more."""
    return Image.open(io.BytesIO(jpeg(image, quality)))


def cropped(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """Without these parts of each edge."""
    wide, high = image.size
    return image.crop(
        (round(wide * left), round(high * top), round(wide * (1 - right)), round(high * (1 - bottom)))
    )


def _crop(image: Image.Image, number: int, most: float) -> Image.Image:
    rng = Random(f"crop:{number}:{most}")
    return cropped(image, *(rng.uniform(0, most) for _ in range(4)))


def _resize(image: Image.Image, factor: float) -> Image.Image:
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, Image.Resampling.LANCZOS)


def _light(image: Image.Image, number: int) -> Image.Image:
    rng = Random(f"light:{number}")
    brighter = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.25))
    return ImageEnhance.Contrast(brighter).enhance(rng.uniform(0.8, 1.2))


# What somebody does to a picture before using it again; the number only varies it.
COPIES: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "compressed": lambda image, _: again(image, 30),
    "smaller": lambda image, _: again(_resize(image, 0.4), 80),
    "larger": lambda image, _: again(_resize(image, 1.6), 80),
    "crop": lambda image, number: again(_crop(image, number, 0.06), 85),
    "light": lambda image, number: again(_light(image, number), 85),
    "everything": lambda image, number: again(_resize(_light(_crop(image, number, 0.05), number), 0.6), 80),
}


def moments(*, walls: int, children: int) -> Iterator[Shot]:
    """One moment of every child at every wall, each wall with children of its own."""
    for place in range(walls):
        for child in range(children):
            yield Shot(wall=place, child=place * 1_000 + child, clothes=0, moment=place * 1_000 + child)
