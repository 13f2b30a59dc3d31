"""Attendance corrections somebody may see."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.models import AttendanceCorrection, CorrectionFile
from backend.apps.institutions.permissions import institutions_within
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth

VIEW = "subsidy.view_statement"  # another role of the same person must not widen what this one reaches


def corrections_in_scope(*, actor: User) -> QuerySet[AttendanceCorrection]:
    reached = institutions_within(scope_of(actor, permission=VIEW), "institution__")
    return AttendanceCorrection.objects.filter(reached)


def pending_corrections(*, institution_id: int, month: ServiceMonth) -> QuerySet[AttendanceCorrection]:
    """Corrections nobody has checked yet, oldest first; the caller has checked the scope of the institution."""
    return AttendanceCorrection.objects.filter(
        institution_id=institution_id,
        date__range=(month.first_day, month.last_day),
        state=AttendanceCorrection.State.PROPOSED,
    ).order_by("id")


def correction_list(
    *,
    actor: User,
    institution_id: int | None = None,
    month: ServiceMonth | None = None,
    state: str = "",
    after: Key | None = None,
    limit: int = 50,
) -> Page[AttendanceCorrection]:
    """Newest first, with institution, child, maker, checker and files loaded."""
    found = _loaded(corrections_in_scope(actor=actor))
    if institution_id is not None:
        found = found.filter(institution_id=institution_id)
    if month is not None:
        found = found.filter(date__range=(month.first_day, month.last_day))
    if state:
        found = found.filter(state=state)
    return keyset_page(found, keys=["id"], after=after, limit=limit, descending=True)


def correction_get(*, actor: User, correction_id: int) -> AttendanceCorrection:
    """One correction within scope, or NotFound."""
    found = _loaded(corrections_in_scope(actor=actor)).filter(pk=correction_id).first()
    if found is None:
        raise NotFound("correction_not_found", "没有找到这条考勤更正")
    return found


def correction_file_get(*, actor: User, file_id: int) -> CorrectionFile:
    """One 佐证材料 of a correction within scope, or NotFound."""
    found = CorrectionFile.objects.filter(
        pk=file_id, correction__in=corrections_in_scope(actor=actor)
    ).first()
    if found is None:
        raise NotFound("file_not_found", "没有找到这份佐证材料")
    return found


def _loaded(corrections: QuerySet[AttendanceCorrection]) -> QuerySet[AttendanceCorrection]:
    files = Prefetch("files", queryset=CorrectionFile.objects.order_by("id"))
    return corrections.select_related("institution", "child", "maker", "checker").prefetch_related(files)
