"""Produced files: written whole, recorded once, told to the audit log."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.utils import timezone

from backend.apps.audit.services import audit_record
from backend.apps.reporting.models import ReportFile
from backend.apps.subsidy.models import Snapshot
from backend.common.stored_files import file_sha256, file_write


def report_intact(file: ReportFile | None) -> bool:
    return file is not None and file_sha256(file.path) == file.sha256


def report_file(
    *, snapshot: Snapshot, kind: str, file_name: str, content: bytes, statement_number: int = 0
) -> ReportFile:
    """Two that make the same file at once write the same bytes and leave one row."""
    part = f"-s{statement_number:04d}" if statement_number else ""
    path = f"reports/{snapshot.county_code}/{snapshot.month}/{snapshot.digest[:16]}{part}.{kind}"
    file_write(path, content)
    with transaction.atomic():
        file, created = ReportFile.objects.update_or_create(
            snapshot=snapshot,
            kind=kind,
            statement_number=statement_number,
            defaults={
                "path": path,
                "file_name": file_name,
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "created_at": timezone.now(),
            },
        )
        audit_record(
            actor=None,
            action="reporting.report.built" if created else "reporting.report.rebuilt",
            target=file,
            county=snapshot.county_code,
            detail={
                "kind": kind,
                "sha256": file.sha256,
                "digest": snapshot.digest,
                **({"statement": statement_number} if statement_number else {}),
            },
        )
    return file
