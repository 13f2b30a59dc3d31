"""What each step of a flow does to the domain: one line per step, each calling a service of an app.

Decisions (`decide`, `set_days`, `evaluate`) run inside the lock and transaction of `services.perform`.
Jobs (`calculate` …) take an id, run outside any lock, may run twice, tell `progress(done, total)`, and return
ids, counts and sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from backend.apps.accounts.models import User
from backend.apps.accounts.services import identity_spend
from backend.apps.attendance.services import OverrideInput, required_days_set
from backend.apps.exchange.services import outbox_add
from backend.apps.reporting.services import report_build
from backend.apps.seals.selectors.inputs import month_inputs
from backend.apps.seals.services import late_follow_up, seal_month
from backend.apps.subsidy.models import MonthlyCycle, Snapshot, Statement
from backend.apps.subsidy.selectors.content import StatementContent
from backend.apps.subsidy.services import (
    DecisionInput,
    cycle_calculate,
    cycle_evaluate,
    cycle_warn,
    decision_write,
    snapshot_create,
)
from backend.common.errors import Invalid
from backend.common.progress import Progress
from workflows.actions import ActionPayload
from workflows.history import Subject
from workflows.topics import CYCLE_EVALUATED


# --- decisions ----------------------------------------------------------------------------------------
def set_days(
    *, node: Any, subject: Subject, actor: User, principal: User | None, payload: ActionPayload
) -> None:
    wanted = payload.required_days
    if wanted is None:
        raise Invalid(
            "required_days_missing",
            "请填写应考勤天数",
            errors=[{"field": "required_days", "message": "请填写应考勤天数"}],
        )
    required_days_set(
        county=subject.cycle.county,
        month=subject.cycle.month,
        days=wanted.days,
        reason=wanted.reason,
        overrides=[
            OverrideInput(institution_id=row.institution_id, days=row.days, reason=row.reason)
            for row in wanted.overrides
        ],
        actor=actor,
    )


def decide(
    *, node: Any, subject: Subject, actor: User, principal: User | None, payload: ActionPayload
) -> StatementContent:
    """One decision on a statement, which carries round and outcome afterwards; what it was about."""
    statement = subject.statement
    assert statement is not None
    given = DecisionInput(
        step=node.name,
        round=statement.round,
        decision=payload.decision,
        comment=payload.comment,
        content_hash=payload.content_hash,
        marks=dict(payload.marks),
        principal=principal,
    )
    return decision_write(statement=statement, given=given, actor=actor).content


def evaluate(
    *, node: Any, subject: Subject, actor: User, principal: User | None, payload: ActionPayload
) -> None:
    identity_spend(actor=actor, cycle_id=subject.cycle.pk, proof=payload.identity)
    cycle_evaluate(
        cycle=subject.cycle,
        actor=actor,
        principal=principal,
        comment=payload.comment,
        content_hash=payload.content_hash,
        identity=payload.identity,
    )
    snapshot = Snapshot.objects.get(cycle_id=subject.cycle.pk)
    seal_month(snapshot=snapshot, inputs=month_inputs(subject.cycle))
    outbox_add(
        topic=CYCLE_EVALUATED, key=f"evaluated:{subject.cycle.pk}", payload={"cycle_id": subject.cycle.pk}
    )


# --- jobs ---------------------------------------------------------------------------------------------
def calculate(cycle_id: int, progress: Progress) -> Mapping[str, Any]:
    summary = cycle_calculate(cycle_id=cycle_id, progress=progress)
    cycle = MonthlyCycle.objects.get(pk=cycle_id)
    entered = late_follow_up(county_code=cycle.county_id, before=cycle.month)
    return {
        "statements": summary.statements,
        "lines": summary.lines,
        "total_amount": str(summary.total_amount),
        **({"adjustments": entered.created + entered.changed} if entered.created or entered.changed else {}),
    }


def warn(cycle_id: int, progress: Progress) -> Mapping[str, Any]:
    summary = cycle_warn(cycle_id=cycle_id, progress=progress)
    return {"alerts": summary.open}


def snapshot(cycle_id: int, progress: Progress) -> Mapping[str, Any]:
    """Finds both in place; makes them only when a restored database has the evaluation without them."""
    frozen = snapshot_create(cycle_id=cycle_id)
    progress(1, 2)
    seal = seal_month(snapshot=frozen)
    progress(2, 2)
    return {"snapshot_id": frozen.pk, "digest": frozen.digest, "lines": frozen.line_count, "seal": seal.code}


def report(cycle_id: int, progress: Progress) -> Mapping[str, Any]:
    files = report_build(cycle_id=cycle_id, progress=progress)
    return {"report_ids": [file.pk for file in files]}


# --- fan-out ------------------------------------------------------------------------------------------
def statements_to_open(cycle_id: int) -> QuerySet[Statement]:
    """Statements of the month without a review process, in a fixed order."""
    return (
        Statement.objects.filter(cycle_id=cycle_id, run__isnull=True)
        .select_related("cycle__county")
        .order_by("id")
    )


def has_open_statements(cycle_id: int) -> bool:
    return Statement.objects.filter(cycle_id=cycle_id, finished=False).exists()
