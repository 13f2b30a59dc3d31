"""Pictures on their way in: checked, stored below MEDIA_ROOT, hashed for bytes and for looks, written once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from backend.apps.attendance.domain.fingerprint import VERSION
from backend.apps.attendance.models import Photo, PhotoPrint
from backend.apps.attendance.services.photo_reading import FORMATS, PhotoFacts, photo_facts
from backend.common.errors import Conflict, DomainError, Invalid
from backend.common.stored_files import file_write

PATH_LENGTH = 200
CHUNK = 200  # pictures of one transaction


class PhotoFile(NamedTuple):
    """`path` is what the 照片 column of a punch file names: relative, below MEDIA_ROOT."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PhotoIngest:
    """`refused` are paths with the reason in words."""

    created: int
    existing: int
    refused: tuple[tuple[str, str], ...]


def photos_ingest(
    *, county_code: str, files: Iterable[PhotoFile], arrived_on: date | None = None
) -> PhotoIngest:
    """Store pictures and their hashes; the same picture again under the same path changes nothing.

    Broken files and paths are refused one by one, never the others with them. A file is written before its row, so
    a row never points to nothing; a file left by a killed run is overwritten by the next one.
    """
    day = arrived_on or timezone.localdate()
    created = existing = 0
    refused: list[tuple[str, str]] = []
    chunk: list[tuple[str, bytes, PhotoFacts]] = []
    for file in files:
        try:
            chunk.append((_path(file.path), file.content, photo_facts(file.content)))
        except DomainError as problem:
            refused.append((file.path, problem.message))
        if len(chunk) >= CHUNK:
            created, existing = _add(created, existing, _write(county_code, chunk, day, refused))
            chunk = []
    created, existing = _add(created, existing, _write(county_code, chunk, day, refused))
    return PhotoIngest(created, existing, tuple(refused))


def photo_ingest(*, county_code: str, path: str, content: bytes, arrived_on: date | None = None) -> Photo:
    """One picture; raises Invalid `photo_invalid` or `photo_path_invalid`, Conflict `photo_path_taken`."""
    facts = photo_facts(content)
    refused: list[tuple[str, str]] = []
    checked = _path(path)
    _write(county_code, [(checked, content, facts)], arrived_on or timezone.localdate(), refused)
    if refused:
        raise Conflict("photo_path_taken", refused[0][1])
    return Photo.objects.get(path=checked)


def _add(created: int, existing: int, done: tuple[int, int]) -> tuple[int, int]:
    return created + done[0], existing + done[1]


def _path(text: str) -> str:
    """A plain relative path of picture files; nothing that leaves the folder."""
    path = PurePosixPath(text)
    plain = str(path) == text and not path.is_absolute() and ".." not in path.parts and "\\" not in text
    if not plain or "\0" in text or len(text) > PATH_LENGTH:
        raise Invalid("photo_path_invalid", f"照片路径应为相对路径, 不超过 {PATH_LENGTH} 个字符")
    if path.suffix.lower() not in {*FORMATS.values(), ".jpeg"}:
        raise Invalid("photo_path_invalid", "照片文件名应以 .jpg、.jpeg、.png 或 .webp 结尾")
    return text


def _write(
    county_code: str,
    chunk: list[tuple[str, bytes, PhotoFacts]],
    day: date,
    refused: list[tuple[str, str]],
) -> tuple[int, int]:
    """Created and existing."""
    known = dict(Photo.objects.filter(path__in=[path for path, *_ in chunk]).values_list("path", "sha256"))
    photos: dict[str, tuple[Photo, PhotoFacts]] = {}
    existing = 0
    for path, content, facts in chunk:
        taken = known.get(path) or (photos[path][1].sha256 if path in photos else None)
        if taken is not None:
            if taken == facts.sha256:
                existing += 1
            else:
                refused.append((path, "这个路径已存有另一张照片; 照片不能替换, 请用新的文件名"))
            continue
        file_write(path, content)
        photo = Photo(path=path, sha256=facts.sha256, size=facts.size, width=facts.width, height=facts.height)
        photos[path] = photo, facts
    with transaction.atomic():
        Photo.objects.bulk_create(photo for photo, _ in photos.values())
        PhotoPrint.objects.bulk_create(
            photo_print_row(photo, facts, county_code, day) for photo, facts in photos.values()
        )
    return len(photos), existing


def photo_print_row(photo: Photo, facts: PhotoFacts, county_code: str, day: date) -> PhotoPrint:
    return PhotoPrint(
        photo=photo,
        county_id=county_code,
        arrived_on=day,
        version=VERSION,
        code=None if facts.print is None else facts.print.encode(),
    )
