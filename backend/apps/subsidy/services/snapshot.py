"""评定备份: copy an evaluated month into tables nobody may change, with digests over every row."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.domain.identity import IdentityProof
from backend.apps.attendance.models import FeedSettlement
from backend.apps.audit.services import audit_record
from backend.apps.enrolment.models import Child
from backend.apps.subsidy.domain.canonical import canonical_value
from backend.apps.subsidy.models import (
    Evaluation,
    MonthlyCycle,
    Rate,
    Snapshot,
    SnapshotAdjustment,
    SnapshotLine,
    SnapshotStatement,
    StatementDecision,
)
from backend.apps.subsidy.selectors.content import AdjustmentContent, AlertContent, LineContent
from backend.apps.subsidy.selectors.cycle_content import CycleContent, cycle_content, township_name
from backend.apps.subsidy.selectors.duties import breaches, cycle_acts, cycle_decisions, cycle_duties
from backend.apps.subsidy.selectors.preflight import alert_counts, alerts_of
from backend.apps.subsidy.selectors.snapshot_documents import (
    SNAPSHOT_FORMAT,
    adjustment_code,
    adjustment_document,
    document_digest,
    line_document,
    name_commitment,
    row_code,
    snapshot_document,
    statement_document,
)
from backend.common.errors import Conflict, NotFound
from backend.common.money import round_money

BATCH = 1_000


@transaction.atomic
def snapshot_create(*, cycle_id: int) -> Snapshot:
    """The snapshot of an evaluated month; an existing one is returned as it is.

    Raises `Conflict` `cycle_not_evaluated`, or `content_changed` when the month is no longer the evaluated one.
    """
    cycle = (
        MonthlyCycle.objects.select_for_update(of=("self",))
        .select_related("county", "scheme")
        .filter(pk=cycle_id)
        .first()
    )
    if cycle is None:
        raise NotFound("cycle_not_found", "没有这个月度周期")
    existing = Snapshot.objects.filter(cycle=cycle).first()
    if existing is not None:
        return existing
    evaluation = Evaluation.objects.filter(cycle=cycle).first()
    if evaluation is None:
        raise Conflict("cycle_not_evaluated", "该月尚未评定, 不能备份")
    content = cycle_content(cycle, lock=True)
    if content.content_hash != evaluation.content_hash:
        raise Conflict("content_changed", "该月内容在评定之后有变化, 不能按评定内容备份")
    return snapshot_freeze(content=content, decisions=cycle_decisions(cycle), evaluation=evaluation)


def snapshot_freeze(
    *,
    content: CycleContent,
    decisions: list[StatementDecision],
    evaluation: Evaluation,
    identity: IdentityProof | None = None,
) -> Snapshot:
    """Write the rows from content already loaded and hashed: what was hashed is what is frozen.

    Call it inside the transaction that evaluates.
    """
    cycle = content.cycle
    snapshot = Snapshot(
        cycle=cycle,
        county_code=cycle.county_id,
        county_name=cycle.county.name,
        month=cycle.month,
        header=_header(content, decisions, evaluation, identity),
        line_count=sum(len(statement.lines) for statement in content.statements),
        total_amount=content.totals.amount,
        created_at=timezone.now(),
    )
    statements, lines, adjustments = _rows(snapshot, content)
    snapshot.digest = document_digest(snapshot_document(snapshot, [s.digest for s in statements]))
    snapshot.clean_fields(exclude={"cycle"})
    snapshot.save(force_insert=True)
    SnapshotStatement.objects.bulk_create(statements, batch_size=BATCH)
    SnapshotLine.objects.bulk_create(lines, batch_size=BATCH)
    SnapshotAdjustment.objects.bulk_create(adjustments, batch_size=BATCH)
    audit_record(
        actor=None,
        action="subsidy.snapshot.created",
        target=snapshot,
        county=snapshot.county_code,
        detail={"lines": snapshot.line_count, "digest": snapshot.digest},
    )
    return snapshot


def _rows(
    snapshot: Snapshot, content: CycleContent
) -> tuple[list[SnapshotStatement], list[SnapshotLine], list[SnapshotAdjustment]]:
    names = _names(content)
    statements: list[SnapshotStatement] = []
    lines: list[SnapshotLine] = []
    adjustments: list[SnapshotAdjustment] = []
    for number, source in enumerate(content.statements, start=1):
        row = source.statement
        statement = SnapshotStatement(
            snapshot=snapshot,
            row_number=number,
            institution_id=row.institution_id,
            institution_name=row.institution.name,
            credit_code=row.institution.credit_code,
            township_name=township_name(row),
            grade_name=row.grade.name,
            required_days=row.required_days,
            outcome=row.outcome,
            exclusion_reason=row.exclusion_reason,
            children_count=row.children_count,
            paid_children=row.paid_children,
            places=row.places,
            total_amount=round_money(row.total_amount),
            payments=row.payments,
            content_hash=source.content_hash,
        )
        own = [
            _line(snapshot, statement, len(lines) + position, line, names)
            for position, line in enumerate(source.lines, start=1)
        ]
        further = [
            _adjustment(snapshot, statement, len(adjustments) + position, line, names)
            for position, line in enumerate(source.adjustments, start=1)
        ]
        statement.digest = document_digest(
            statement_document(statement, [line.digest for line in own], [line.digest for line in further])
        )
        statements.append(statement)
        lines += own
        adjustments += further
    return statements, lines, adjustments


def _line(
    snapshot: Snapshot,
    statement: SnapshotStatement,
    number: int,
    source: LineContent,
    names: dict[int, str],
) -> SnapshotLine:
    code = row_code(snapshot.county_code, snapshot.month, number)
    name = "" if source.child_id is None else names[source.child_id]
    line = SnapshotLine(
        statement=statement,
        row_number=number,
        row_code=code,
        child_id=source.child_id,
        child_code=source.child_code,
        child_name=name,
        name_commitment=name_commitment(code, name),
        class_type=source.class_type,
        care_mode=source.care_mode,
        places=source.places,
        attended_days=source.attended_days,
        required_days=source.required_days,
        not_captured_days=source.not_captured_days,
        rate_amount=source.rate_amount,
        factor=source.factor,
        amount=source.amount,
        reason_code=source.reason_code,
        payments=source.payments,
        derivation=source.derivation,
    )
    line.digest = document_digest(line_document(line))
    return line


def _adjustment(
    snapshot: Snapshot,
    statement: SnapshotStatement,
    number: int,
    source: AdjustmentContent,
    names: dict[int, str],
) -> SnapshotAdjustment:
    code = adjustment_code(snapshot.county_code, snapshot.month, number)
    name = "" if source.child_id is None else names[source.child_id]
    line = SnapshotAdjustment(
        statement=statement,
        row_number=number,
        row_code=code,
        origin_month=source.origin_month,
        origin_row_code=source.origin_row_code,
        child_id=source.child_id,
        child_code=source.child_code,
        child_name=name,
        name_commitment=name_commitment(code, name),
        sealed_amount=source.sealed_amount,
        adjusted_amount=source.adjusted_amount,
        current_amount=source.current_amount,
        difference=source.difference,
        amount=source.amount,
        reason_code=source.reason_code,
        arrived_at=source.arrived_at,
        payments=source.payments,
        derivation=source.derivation,
    )
    line.digest = document_digest(adjustment_document(line))
    return line


def _names(content: CycleContent) -> dict[int, str]:
    """Names of every child in the month, decrypted; found through the lines, because thousands of ids are no filter."""
    children = (
        Child.objects.filter(entitlementline__statement__cycle=content.cycle)
        .only("pk", "name", "row_key")
        .distinct()
    )
    found = {child.pk: child.name for child in children.iterator(chunk_size=2_000)}
    if any(source.adjustments for source in content.statements):
        adjusted = Child.objects.filter(adjustmentline__statement__cycle=content.cycle)
        found |= {child.pk: child.name for child in adjusted.only("pk", "name", "row_key").distinct()}
    return found


def _override(alert: AlertContent) -> dict[str, Any]:
    """Who let an open alert pass, and when; nothing where nobody did."""
    if not alert.override_reason:
        return {}
    return {"override_by": alert.overridden_by, "override_at": alert.overridden_at}


def _header(
    content: CycleContent,
    decisions: list[StatementDecision],
    evaluation: Evaluation,
    identity: IdentityProof | None,
) -> dict[str, Any]:
    """Everything the rows stand on, as plain JSON; people are named by role-bearing display names only."""
    acts = cycle_acts(content, decisions, evaluation)
    institutions = {c.statement.pk: c.statement.institution_id for c in content.statements}
    header: dict[str, Any] = canonical_value(
        {
            "format": SNAPSHOT_FORMAT,
            "scheme": _scheme(content.cycle),
            "required_days": _required_days(content),
            "totals": _totals(content),
            **({"payments": content.payments} if content.payments else {}),
            "decisions": [
                {
                    "institution": institutions[d.statement_id],
                    "step": d.step,
                    "round": d.round,
                    "decision": d.decision,
                    "comment": d.comment,
                    "total_amount": d.total_amount,
                    "content": d.content_hash,
                    "by": d.by_name,
                    "at": d.at,
                    **_beside(d),
                }
                for d in decisions
            ],
            "alert_counts": [asdict(count) for count in alert_counts(content)],
            "alerts": [
                {
                    **alert.document(),
                    "by": alert.settled_by,
                    "at": alert.settled_at,
                    **_override(alert),
                    "institutions": sorted(
                        c.statement.institution_id
                        for c in content.statements
                        if any(a.alert_id == alert.alert_id for a in c.alerts)
                    ),
                }
                for alert in alerts_of(content)
            ],
            "corrections": [
                {
                    **correction.document(),
                    "institution": correction.institution_id,
                    "state": correction.state,
                    "maker": correction.maker,
                    "made_at": correction.made_at,
                    "checker": correction.checker,
                    "checked_at": correction.checked_at,
                }
                for c in content.statements
                for correction in c.corrections
            ],
            **_feed(content),
            **_payees(content.cycle),
            "evaluation": {
                "by": evaluation.by_name,
                **({"principal": evaluation.principal_name} if evaluation.principal_id else {}),
                "at": evaluation.at,
                "comment": evaluation.comment,
                "content": evaluation.content_hash,
                "total_amount": evaluation.total_amount,
                **({} if identity is None else {"identity": {"method": identity.method, "at": identity.at}}),
            },
            "duties": [asdict(duty) for duty in cycle_duties(acts)],
            "breaches": breaches(content, acts),
        }
    )
    return header


def _feed(content: CycleContent) -> dict[str, Any]:
    """Days without data and what they were settled as; no part of its own in a month without such days."""
    days = [
        {
            "institution": day.institution_id,
            "date": day.date,
            "state": day.state,
            "choice": day.choice,
            "title": str(FeedSettlement.Choice(day.choice).label) if day.choice else "",
            "reason": day.reason,
            "by": day.by,
            "at": day.at,
        }
        for one in content.statements
        for day in one.feed
    ]
    return {"feed": days} if days else {}


def _beside(decision: StatementDecision) -> dict[str, Any]:
    """What few decisions have: somebody acted for another, marked rows, the decision was taken back."""
    found: dict[str, Any] = {}
    if decision.principal_id is not None:
        found["principal"] = decision.principal_name
    if decision.mark_reasons:
        found["marks"] = decision.mark_reasons
    if hasattr(decision, "takeback"):
        taken = decision.takeback
        found["takeback"] = {
            "kind": taken.kind,
            "reason": taken.reason,
            "by": taken.by_name,
            "at": taken.at,
        }
    return found


def _totals(content: CycleContent) -> dict[str, Any]:
    """Places are named where the rule pays for them."""
    found = asdict(content.totals)
    return found if found.pop("places") == 0 else asdict(content.totals)


def _scheme(cycle: MonthlyCycle) -> dict[str, Any]:
    scheme = cycle.scheme
    return {
        "code": scheme.code,
        "version": scheme.version,
        "name": scheme.name,
        "document_number": scheme.document_number,
        "starts_on": scheme.starts_on,
        "definition": scheme.definition,
        "rates": [_rate(rate) for rate in scheme.rates.order_by("id")],
    }


def _rate(rate: Rate) -> dict[str, Any]:
    """Every column, so that an axis added later is sealed without a change here."""
    columns = (field for field in Rate._meta.concrete_fields if field.name != "scheme")
    return {field.name: getattr(rate, field.attname) for field in columns}


def _payees(cycle: MonthlyCycle) -> dict[str, Any]:
    """Who decided where a child at two institutions is paid; absent in the many months without such a child."""
    rows = cycle.payee_decisions.order_by("id")
    found = [
        {
            "child": row.child_id,
            "institution": row.institution_id,
            "reason": row.reason,
            "by": row.by_name,
            "at": row.at,
        }
        for row in rows
    ]
    return {"payee_decisions": found} if found else {}


def _required_days(content: CycleContent) -> dict[str, Any]:
    def fact(row: Any) -> dict[str, Any]:
        return {
            "days": row.days,
            "reason": row.reason,
            "set_by": row.set_by.display_name,
            "set_at": row.set_at,
        }

    county = content.required_days
    return {
        "county": None if county is None else {**fact(county), "default_days": county.default_days},
        "overrides": [
            {"institution": row.institution_id, "name": row.institution.name, **fact(row)}
            for row in content.overrides
        ],
    }
