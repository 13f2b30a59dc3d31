"""Cycles put together from the rooms that know them: facts, position, snapshot, reports, calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from backend.apps.accounts.domain.identity import IdentityProof
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.selectors.calendar import calendar_of, required_days_default
from backend.apps.attendance.selectors.required_days import required_days_of, required_days_rows
from backend.apps.reporting.selectors import report_files
from backend.apps.seals.models import Seal
from backend.apps.subsidy.domain.nearest import Edges
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.apps.subsidy.selectors.cycles import (
    CycleCounts,
    cycle_counts,
    cycle_snapshot,
)
from backend.apps.subsidy.selectors.cycles import cycle_page as subsidy_cycle_page
from backend.apps.subsidy.selectors.edges import cycle_edges
from backend.apps.subsidy.selectors.evaluation_view import evaluation_view
from backend.apps.subsidy.selectors.visible import cycle_get, statements_reached
from backend.common.errors import Invalid, NotFound
from backend.common.keyset import Key, Page
from workflows.selectors import CycleSummary, cycle_position, cycle_summaries
from workflows.services import cycle_capabilities

VIEW_REPORT = "reporting.view_report"
NOT_STARTED = CycleSummary(status_text="", returned=0)


def cycle_page(*, actor: User, after: Key | None, limit: int) -> Page[dict[str, Any]]:
    page = subsidy_cycle_page(actor=actor, after=after, limit=limit)
    return page.map(lambda cycles: _rows(cycles, actor))


def _rows(cycles: Sequence[MonthlyCycle], actor: User) -> list[dict[str, Any]]:
    ids = [cycle.pk for cycle in cycles]
    counts = cycle_counts(actor=actor, cycle_ids=ids)
    summaries = cycle_summaries(actor=actor, cycle_ids=ids)
    return [
        _row(cycle, counts.get(cycle.pk, CycleCounts()), summaries.get(cycle.pk, NOT_STARTED))
        for cycle in cycles
    ]


def _row(cycle: MonthlyCycle, counted: CycleCounts, summary: CycleSummary) -> dict[str, Any]:
    return {
        "id": cycle.pk,
        "county": cycle.county,
        "month": cycle.month,
        "status_text": summary.status_text,
        "counts": {
            "statements": counted.statements,
            "approved": counted.approved,
            "excluded": counted.excluded,
            "returned": summary.returned,
            "open": counted.open,
        },
        "total_amount": counted.amount,
        "opened_at": cycle.opened_at,
        "evaluated_at": cycle.evaluated_at,
    }


def cycle_row(*, actor: User, cycle_id: int) -> dict[str, Any]:
    """One cycle as lists show it."""
    return _rows([cycle_get(actor=actor, cycle_id=cycle_id)], actor)[0]


def cycle_detail(*, actor: User, cycle_id: int) -> dict[str, Any]:
    """Amounts and counts within the reader's scope; seal and reports for those who may see reports."""
    cycle = cycle_get(actor=actor, cycle_id=cycle_id)
    required = required_days_of(county_code=cycle.county_id, month=cycle.month)
    may_see_seal = scope_of(actor, permission=VIEW_REPORT).covers_county(cycle.county_id)
    snapshot = cycle_snapshot(cycle=cycle) if may_see_seal else None
    return _rows([cycle], actor)[0] | {
        "scheme": cycle.scheme,
        "required_days": None if required is None else required.days,
        "position": cycle_position(cycle),
        "snapshot": snapshot,
        "seal": Seal.objects.only("code", "root").filter(snapshot=snapshot).first() if snapshot else None,
        "reports": [
            {
                "id": report.pk,
                "kind": report.kind,
                "name": report.file_name,
                "size": report.size,
                "sha256": report.sha256,
            }
            for report in (report_files(snapshot=snapshot) if snapshot else ())
        ],
        "capabilities": cycle_capabilities(cycle=cycle, actor=actor),
        "cancellation": _cancellation(cycle),
    }


def _cancellation(cycle: MonthlyCycle) -> dict[str, Any] | None:
    if cycle.cancelled_by is None:
        return None
    return {
        "by_name": cycle.cancelled_by.display_name,
        "at": cycle.cancelled_at,
        "reason": cycle.cancel_reason,
    }


def preflight_detail(*, actor: User, cycle_id: int, proof: IdentityProof | None) -> dict[str, Any]:
    """评定前核对 tells of the whole county: who sees a part of it only finds nothing here.

    `proof` is what this session already has for this month, if anything.
    """
    cycle = cycle_get(actor=actor, cycle_id=cycle_id)
    if not scope_of(actor, permission=VIEW_REPORT).covers_county(cycle.county_id):
        raise NotFound("cycle_not_found", "没有这个月度周期, 或不在您的权限范围内")
    view = evaluation_view(cycle)
    found = view.preflight
    return {name: getattr(found, name) for name in found.__dataclass_fields__} | {
        "ready": found.ready,
        "breaches": view.breaches,
        "previous": view.previous,
        "adjustments": view.adjustments,
        "adjustments_amount": view.adjustments_amount,
        "identity": "password" if actor.has_usable_password() else "sign_in",
        "identity_until": proof.until if proof is not None and proof.fresh(timezone.now()) else None,
    }


def edges_detail(*, actor: User, cycle_id: int) -> dict[str, Any]:
    """差一点点 of the institutions within the reader's scope."""
    cycle = cycle_get(actor=actor, cycle_id=cycle_id)
    found = cycle_edges(cycle_id=cycle.pk)
    visible = Statement.objects.filter(statements_reached(actor), cycle=cycle).select_related("institution")
    rows = [
        (statement.institution, found.get(statement.institution_id, Edges()))
        for statement in visible.order_by("institution__name", "institution_id")
    ]
    total = Edges(
        on=sum(e.on for _, e in rows),
        one_below=sum(e.one_below for _, e in rows),
        lines=sum(e.lines for _, e in rows),
    )
    return {
        "cycle_id": cycle.pk,
        "month": cycle.month,
        "total": total,
        "institutions": [{"institution": place, **asdict(edges)} for place, edges in rows],
    }


def required_days(*, actor: User, cycle_id: int) -> dict[str, Any]:
    """What the calendar says, what is set. A year without an official notice is refused, not guessed."""
    cycle = cycle_get(actor=actor, cycle_id=cycle_id)
    calendar = calendar_of(cycle.month)
    rows = required_days_rows(county_code=cycle.county_id, month=cycle.month)
    default, refusal = None, None
    try:
        default = required_days_default(month=cycle.month)
    except Invalid as error:
        refusal = {"code": error.code, "message": error.message}
    current = rows.current
    return {
        "default": default,
        "default_source": calendar.source or None,
        "refusal": refusal,
        "current": None
        if current is None
        else {
            "days": current.days,
            "default_days": current.default_days,
            "reason": current.reason,
            "set_by_name": current.set_by.display_name,
            "set_at": current.set_at,
        },
        "overrides": [
            {
                "institution_id": row.institution_id,
                "institution_name": row.institution.name,
                "days": row.days,
                "reason": row.reason,
            }
            for row in rows.overrides
        ],
        "workdays": [
            {
                "date": day.date,
                "weekday": day.date.isoweekday(),
                "kind": day.kind.value,
                "label": day.label,
                "official": day.official,
            }
            for day in calendar.days
        ],
    }
