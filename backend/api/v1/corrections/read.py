"""Attendance corrections as lists show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors.corrections import alert_of_corrections
from backend.apps.alerts.selectors.rules import rule_title
from backend.apps.attendance.models import AttendanceCorrection, CorrectionFile
from backend.apps.attendance.selectors.corrections import correction_get, correction_list
from backend.apps.subsidy.selectors.visible import statement_get
from backend.common.keyset import Key, Page
from backend.common.masking import mask_name

CHECK = "attendance.check_correction"


def correction_page(*, actor: User, filters: dict[str, Any], after: Key | None) -> Page[dict[str, Any]]:
    where: dict[str, Any] = {}
    if "statement" in filters:
        statement = statement_get(actor=actor, statement_id=filters["statement"])
        where = {"institution_id": statement.institution_id, "month": statement.cycle.month}
    page = correction_list(
        actor=actor, state=filters.get("state", ""), after=after, limit=filters["limit"], **where
    )
    return page.map(lambda rows: _rows(rows, actor))


def correction_detail(*, actor: User, correction_id: int) -> dict[str, Any]:
    return _rows([correction_get(actor=actor, correction_id=correction_id)], actor)[0]


def _rows(corrections: Sequence[AttendanceCorrection], actor: User) -> list[dict[str, Any]]:
    alerts = alert_of_corrections(correction_ids=[row.pk for row in corrections])
    return [_row(row, actor, alerts.get(row.pk)) for row in corrections]


def _row(correction: AttendanceCorrection, actor: User, alert: Alert | None) -> dict[str, Any]:
    institution, child = correction.institution, correction.child
    return {
        "id": correction.pk,
        "child": {"id": child.pk, "code": child.code, "name": mask_name(child.name)},
        "institution": institution,
        "date": correction.date,
        "kind": correction.kind,
        "state": correction.state,
        "reason": correction.reason,
        "maker_name": correction.maker.display_name,
        "made_at": correction.made_at,
        "checker_name": correction.checker.display_name if correction.checker else "",
        "checked_at": correction.checked_at,
        "check_reason": correction.check_reason,
        "can_decide": _can_decide(correction, actor),
        "files": [_file(number, found) for number, found in enumerate(correction.files.all(), start=1)],
        "alert": None if alert is None else {"id": alert.pk, "rule_title": rule_title(alert.rule)},
    }


def _file(number: int, found: CorrectionFile) -> dict[str, Any]:
    return {
        "id": found.pk,
        "name": f"佐证材料{number}.{found.kind}",
        "kind": found.kind,
        "size": found.size,
        "url": f"/api/v1/corrections/files/{found.pk}",
    }


def _can_decide(correction: AttendanceCorrection, actor: User) -> bool:
    institution = correction.institution
    return (
        correction.state == AttendanceCorrection.State.PROPOSED
        and correction.maker_id != actor.pk
        and actor.has_perm(CHECK)
        and scope_of(actor, permission=CHECK).covers(
            county_code=institution.county_id,
            township_code=institution.township_id,
            institution_id=institution.pk,
        )
    )
