"""Files below MEDIA_ROOT: written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings


def file_write(relative: str, content: bytes) -> None:
    """Write next to the target, flush to disk, then rename: a reader never sees half a file."""
    target = file_path(relative)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as sink:
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def file_path(relative: str) -> Path:
    return Path(settings.MEDIA_ROOT) / relative


def file_sha256(relative: str) -> str:
    """Of the file as it is now; empty when there is none."""
    try:
        with file_path(relative).open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
