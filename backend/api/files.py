"""Files out: from below MEDIA_ROOT or from memory, never sniffed, never cached, with a Chinese name (RFC 5987)."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import FileResponse, HttpResponse
from django.utils._os import safe_join

from backend.common.errors import NotFound


def open_media(path: str, *, inline: bool = False, download_as: str = "") -> FileResponse:
    """A file below MEDIA_ROOT; one that is gone reads like a row that is gone."""
    try:
        full = Path(safe_join(settings.MEDIA_ROOT, path))
        handle = full.open("rb")
    except (SuspiciousFileOperation, OSError):
        raise NotFound("file_not_found", "文件不存在, 可能已按保存期限删除") from None
    response = FileResponse(handle)
    response.headers["Content-Type"] = mimetypes.guess_type(full.name)[0] or "application/octet-stream"
    _harden(response, "inline" if inline else disposition(download_as))
    return response


def attachment(content: bytes, file_name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    _harden(response, disposition(file_name))
    return response


def disposition(file_name: str) -> str:
    """Both forms: old clients read the ASCII one, everybody else the UTF-8 one."""
    plain = re.sub(r"[^A-Za-z0-9.-]+", "_", file_name).strip("_") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _harden(response: HttpResponse | FileResponse, content_disposition: str) -> None:
    response.headers["Content-Disposition"] = content_disposition
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
