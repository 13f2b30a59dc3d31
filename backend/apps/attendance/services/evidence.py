"""佐证材料: the signed sheet, the note of the power company, the picture of the broken gate, beside a correction.

A file name may hold a child's name, so none is kept: files are numbered. Bytes are stored as they came, because their
hash is part of what is approved and sealed.
"""

from __future__ import annotations

import hashlib
from typing import Final

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.attendance.models import AttendanceCorrection, CorrectionFile
from backend.apps.attendance.services.photo_reading import photo_open
from backend.apps.audit.services import audit_record
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from backend.common.stored_files import file_write

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_FILES: Final = 3
_SENTENCE: Final = "佐证材料应为完好的 PDF、JPG 或 PNG 文件, 不超过 10 MB"


@transaction.atomic
def correction_file_add(*, correction_id: int, content: bytes, actor: User) -> CorrectionFile:
    """By the maker, while nobody has checked the correction; the same bytes again are the same file.

    Raises Invalid `evidence_invalid`, NotFound `correction_not_found`, Forbidden `evidence_not_yours`, Conflict
    `correction_already_decided` and `evidence_full`.
    """
    kind = evidence_kind(content)
    correction = (
        AttendanceCorrection.objects.select_for_update(of=("self",))
        .select_related("institution")
        .filter(pk=correction_id)
        .first()
    )
    if correction is None:
        raise NotFound("correction_not_found", "没有找到这条考勤更正")
    if correction.maker_id != actor.pk:
        raise Forbidden("evidence_not_yours", "佐证材料由提出更正的人上传")
    if correction.state != AttendanceCorrection.State.PROPOSED:
        raise Conflict("correction_already_decided", f"该更正已核定: {correction.get_state_display()}")
    digest = hashlib.sha256(content).hexdigest()
    known = list(correction.files.order_by("id"))
    for found in known:
        if found.sha256 == digest:
            return found
    if len(known) >= MAX_FILES:
        raise Conflict("evidence_full", f"每条更正最多 {MAX_FILES} 份佐证材料")
    record = CorrectionFile(
        correction=correction, kind=kind, size=len(content), sha256=digest, added_at=timezone.now()
    )
    file_write(record.path, content)  # before its row, so that a row never points to nothing
    record.save(force_insert=True)
    audit_record(
        actor=actor,
        action="attendance.correction.evidence_added",
        target=correction,
        county=correction.institution.county_id,
        detail={"kind": kind, "size": len(content), "sha256": digest},
    )
    return record


def evidence_kind(content: bytes) -> CorrectionFile.Kind:
    """Told from the bytes alone; what a browser says about them is not asked."""
    if not content or len(content) > MAX_BYTES:
        raise _invalid()
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-2048:]:
            raise _invalid()
        return CorrectionFile.Kind.PDF
    if not content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise _invalid()
    try:
        image = photo_open(content)
    except DomainError:
        raise _invalid() from None
    return CorrectionFile.Kind.PNG if image.format == "PNG" else CorrectionFile.Kind.JPEG


def _invalid() -> Invalid:
    return Invalid("evidence_invalid", _SENTENCE, errors=[{"field": "file", "message": _SENTENCE}])
