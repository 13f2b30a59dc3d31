"""From the bytes of a picture to its facts. Whatever arrives is untrusted: size, format and dimensions are checked first."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from backend.apps.attendance.domain.fingerprint import SIDE, WINDOWS, Fingerprint, fingerprint
from backend.common.errors import Invalid

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
MIN_SIDE: Final = 32
FORMATS: Final = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
BLANK_DEVIATION: Final = (
    6  # grey levels: a covered lens has no features, and every such picture resembles every other
)
_WORK: Final = 64


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """`print` is None for a picture without features, which resembles every other one of its kind."""

    sha256: str
    size: int
    width: int
    height: int
    suffix: str
    print: Fingerprint | None


def photo_open(content: bytes) -> Image.Image:
    """The picture upright, or Invalid `photo_invalid` in words for the person who sent it."""
    if not content or len(content) > MAX_BYTES:
        raise Invalid("photo_invalid", f"照片不能为空, 也不能大于 {MAX_BYTES // 1024 // 1024} MB")
    ImageFile.LOAD_TRUNCATED_IMAGES = (
        False  # the PDF library turns it on for the whole process: half a photo would pass
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=list(FORMATS))
            if image.width * image.height > MAX_PIXELS or min(image.size) < MIN_SIDE:
                raise Invalid("photo_invalid", f"照片尺寸 {image.width}×{image.height} 过大或过小")
            image.draft("RGB", (_WORK * 4, _WORK * 4))  # a large JPEG is decoded at a fraction of its size
            image.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        raise Invalid("photo_invalid", "文件不是完好的 JPEG、PNG 或 WebP 照片, 请重新采集") from None
    return image


def photo_facts(content: bytes) -> PhotoFacts:
    """Checks and fingerprint of one picture; about 5 ms for a gate picture."""
    image = photo_open(content)
    with Image.open(io.BytesIO(content), formats=list(FORMATS)) as header:
        width, height, form = header.width, header.height, header.format or ""
    return PhotoFacts(
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        width=width,
        height=height,
        suffix=FORMATS[form],
        print=photo_print(image),
    )


def photo_print(image: Image.Image) -> Fingerprint | None:
    image = ImageOps.exif_transpose(image).convert("RGB")
    grey = image.convert("L").resize((_WORK, _WORK), Image.Resampling.BOX)
    if _deviation(grey) < BLANK_DEVIATION:
        return None
    _, blue, red = image.resize((SIDE, SIDE), Image.Resampling.BOX).convert("YCbCr").split()
    windows = [
        grey.resize(
            (SIDE, SIDE),
            Image.Resampling.BOX,
            box=(_WORK * left, _WORK * top, _WORK * (1 - right), _WORK * (1 - bottom)),
        ).tobytes()
        for left, top, right, bottom in WINDOWS
    ]
    return fingerprint(windows, blue.tobytes(), red.tobytes())


def _deviation(grey: Image.Image) -> float:
    histogram = grey.histogram()
    count = sum(histogram)
    mean = sum(level * number for level, number in enumerate(histogram)) / count
    return (sum((level - mean) ** 2 * number for level, number in enumerate(histogram)) / count) ** 0.5
