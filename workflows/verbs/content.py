"""批的是这一版: what moved since somebody looked, told instead of a bare refusal, and confirmed by one act.

A refusal names the difference row by row. Completing again with the new hash, and with `confirms` naming the
version seen before, is the confirmation; the difference confirmed is computed anew under the lock and stored
with the decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.apps.subsidy.selectors.content import StatementContent, statement_contents
from backend.apps.subsidy.selectors.cycle_content import CycleContent, cycle_content
from backend.common.canonical import canonical_bytes
from backend.common.errors import Conflict, Invalid
from workflows.access import Case
from workflows.actions import ActionPayload
from workflows.models import StatementRun
from workflows.shown import (
    ROWS_AT_MOST,
    Row,
    Shown,
    differences,
    present,
    shown_document,
    shown_of_processes,
    shown_read,
)

STATEMENTS_UNFOLDED: Final = 20
"""Changed statements of a month whose rows are compared one by one; of the others the amounts are told."""


def content_moved(case: Case, payload: ActionPayload, refusal: Conflict) -> Conflict:
    """The refusal of a decision, told as a difference when the content is not what the person saw.

    Also for an alert, a correction or a returned statement that came in between: whatever refused the decision is
    then part of what changed, and is named.
    """
    if not case.node.binds_content:
        return refusal
    renew(case)
    now = case.content_hash
    if payload.content_hash == now:
        return refusal
    seen = shown_read(process_id=case.process.pk, hashes=[payload.content_hash, payload.confirms])
    rows = [] if seen is None else difference_rows(case, seen[1])
    difference = present(
        rows,
        seen_hash=payload.content_hash if seen is None else seen[0],
        content_hash=now,
        known=seen is not None,
    )
    sentence = f"在您查看之后有变化: {difference.summary}" if difference.summary else "内容在您查看之后有变化"
    blockers = case.blockers
    if blockers:
        sentence += "; 须先处理: " + "; ".join(found.message for found in blockers)
    return Conflict(
        "content_changed",
        f"{sentence}, 请核对变化后确认",
        content_hash=now,
        total_amount=str(_total(case)),
        difference=asdict(difference),
        blockers=[{"code": b.code, "message": b.message, "count": b.count} for b in blockers],
    )


def confirmed_difference(case: Case, payload: ActionPayload) -> Mapping[str, Any]:
    """What this decision confirms beyond the version seen before, for its event; empty when it confirms nothing."""
    if not payload.confirms or not case.node.binds_content:
        return {}
    renew(case)
    if case.content_hash != payload.content_hash:
        return {}  # it will be refused
    seen = shown_read(process_id=case.process.pk, hashes=[payload.confirms])
    if seen is None:
        raise Invalid(
            "confirmation_unknown",
            "没有您此前所见内容的记录, 请刷新页面, 重新核对后办理",
            errors=[{"field": "confirms", "message": "不是您此前看到的版本"}],
        )
    rows = [row.stored() for row in difference_rows(case, seen[1])]
    return {
        "confirmed": {
            "seen": payload.confirms,
            "rows": rows[:ROWS_AT_MOST],
            "count": len(rows),
            "digest": hashlib.sha256(canonical_bytes(rows)).hexdigest(),
        }
    }


def renew(case: Case) -> None:
    """Read the content again, holding its rows: what is compared now is what the decision will be written on."""
    subject = case.subject
    for name in ("content", "blockers"):
        case.__dict__.pop(name, None)
    content: StatementContent | CycleContent
    if subject.statement is None:
        cycle = MonthlyCycle.objects.select_for_update(of=("self",)).select_related("county", "scheme")
        content = cycle_content(cycle.get(pk=subject.cycle.pk), lock=True)
    else:
        rows = Statement.objects.select_for_update(of=("self",)).select_related("cycle", "institution")
        content = statement_contents([rows.get(pk=subject.statement.pk)], cycle=subject.cycle)[0]
    case.__dict__["content"] = content


def difference_rows(case: Case, before: Shown) -> list[Row]:
    """Of a month also the rows inside its changed statements, as far as the versions are known."""
    rows = differences(before, shown_document(case.content))
    if isinstance(case.content, StatementContent):
        return rows
    moved = [row for row in rows if row.group == "statement" and row.field == "content"][:STATEMENTS_UNFOLDED]
    if not moved:
        return rows
    runs = StatementRun.objects.filter(statement_id__in=[row.ref for row in moved])
    processes = dict(runs.values_list("statement_id", "process_id"))
    versions = shown_of_processes({processes[row.ref]: row.before for row in moved})
    contents = {content.statement.pk: content for content in case.content.statements}
    for row in moved:
        version = versions.get(processes[row.ref])
        if version is not None:
            after = shown_document(contents[row.ref])
            rows += differences(version, after, statement=row.ref)
    return rows


def _total(case: Case) -> Any:
    content = case.content
    if isinstance(content, StatementContent):
        return content.statement.total_amount
    return content.totals.amount
