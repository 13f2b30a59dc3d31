"""`perform` for what belongs to no single step: acts on a whole statement, or on a whole month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from backend.apps.accounts.models import User
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.common.errors import Invalid, NotFound
from workflows.access import CycleCase, StatementCase
from workflows.actions import ActionPayload, Capability, PerformResult
from workflows.history import Subject, collecting, subject_attach
from workflows.locks import FLOW_LOCK, nested_lock, patient_lock
from workflows.models import CycleRun, StatementRun
from workflows.services.idempotency import TROUBLE, Once
from workflows.verbs import (
    CYCLE_VERBS,
    STATEMENT_VERBS,
    cycle_capabilities_of,
    statement_capabilities_of,
)
from workflows.verbs.base import refuse


def statement_missing() -> NotFound:
    return NotFound("statement_not_found", "没有这张结算单, 或不在您的权限范围内")


def cycle_missing() -> NotFound:
    return NotFound("cycle_not_found", "没有这个月度周期, 或不在您的权限范围内")


_ROWS = (
    "process__parent_task__process",
    "statement__cycle__county",
    "statement__cycle__scheme",
    "statement__institution__township",
    "statement__institution__county",
    "statement__grade",
)


# --- statements ---------------------------------------------------------------------------------------
def perform_on_statement(
    *, statement_id: int, actor: User, action: str, payload: ActionPayload | None = None
) -> PerformResult:
    """不纳入 at any stage (`exclude`), 重新审核 of a finished one (`reopen`): as `perform`, all or nothing.

    404 `statement_not_found` · 403 `permission_denied`, `not_your_region`, `duty_conflict` · 409 `cycle_cancelled`,
    `cycle_already_evaluated`, `review_not_started`, `statement_finished`, `statement_open`, `content_changed` ·
    400 `action_unknown`, `comment_required`, `content_hash_required` · 503 `busy`.
    """
    payload = payload or ActionPayload()
    verb = STATEMENT_VERBS.get(action)
    if verb is None:
        raise Invalid("action_unknown", f"没有这个操作: {action}")
    once = Once(actor, payload.idempotency_key, payload.fingerprint(action=action, statement_id=statement_id))

    def act() -> PerformResult:
        refuse(verb.refusal(case))
        verb.act(case, payload)
        finished = case.statement.finished
        return PerformResult(
            action=action, status="finished" if finished else "open", statement_id=statement_id
        )

    try:
        locked = _locked_statement(statement_id, actor, with_parent=verb.with_parent, noted=once.noted)
        with locked as case:
            return once.answer(act, loaded=case)
    except TROUBLE as trouble:
        return once.after(trouble)


def statement_capabilities(*, statement: Statement, actor: User) -> list[Capability]:
    """What this person may do with a statement as a whole, and why not. Reads only; the statement is loaded."""
    run = StatementRun.objects.select_related("process").filter(statement=statement).first()
    subject = Subject(statement.cycle, statement)
    return statement_capabilities_of(StatementCase(actor, subject, None if run is None else run.process))


class _NotStarted(Exception):
    """The statement has no review process, and so no lock."""


@contextmanager
def _locked_statement(
    statement_id: int, actor: User, *, with_parent: bool, noted: Mapping[str, Any]
) -> Iterator[StatementCase]:
    """The month's process first when it is touched as well, then the review's; everything read again under them."""
    own = StatementRun.objects.filter(statement_id=statement_id)
    with ExitStack() as locks:
        try:
            if with_parent:
                month = own.values("process__parent_task__process_id")
                locks.enter_context(FLOW_LOCK.named_by(month, _NotStarted()))
                locks.enter_context(nested_lock())
            locks.enter_context(FLOW_LOCK.named_by(own.values("process_id"), _NotStarted()))
        except _NotStarted:
            case = _unstarted(statement_id, actor)
        else:
            locks.enter_context(collecting())
            run = own.select_related(*_ROWS).annotate(**noted).get()
            subject_attach(run.process, Subject(run.statement.cycle, run.statement))
            case = StatementCase(actor, Subject(run.statement.cycle, run.statement), run.process)
            case.answered = bool(getattr(run, "answered", False))
        if not case.visible():
            raise statement_missing()
        yield case


def _unstarted(statement_id: int, actor: User) -> StatementCase:
    """Before its review every act is refused; who may see it is asked all the same."""
    statement = Statement.objects.select_related("cycle", "institution").filter(pk=statement_id).first()
    if statement is None:
        raise statement_missing()
    return StatementCase(actor, Subject(statement.cycle, statement), None)


# --- months -------------------------------------------------------------------------------------------
def perform_on_cycle(
    *, cycle_id: int, actor: User, action: str, payload: ActionPayload | None = None
) -> PerformResult:
    """取消 a month that is not evaluated (`cancel`), with everything open in it; all or nothing.

    404 `cycle_not_found` · 403 `permission_denied`, `not_your_region` · 409 `cycle_cancelled`,
    `cycle_already_evaluated`, `cycle_not_running` · 400 `action_unknown`, `comment_required`,
    `confirmation_mismatch` · 503 `busy`.
    """
    payload = payload or ActionPayload()
    verb = CYCLE_VERBS.get(action)
    if verb is None:
        raise Invalid("action_unknown", f"没有这个操作: {action}")
    once = Once(actor, payload.idempotency_key, payload.fingerprint(action=action, cycle_id=cycle_id))

    def act() -> PerformResult:
        refuse(verb.refusal(case))
        verb.act(case, payload)
        return PerformResult(action=action, status="cancelled", cycle_id=cycle_id)

    try:
        with _locked_cycle(cycle_id, actor) as case:
            return once.answer(act)
    except TROUBLE as trouble:
        return once.after(trouble)


def cycle_capabilities(*, cycle: MonthlyCycle, actor: User) -> list[Capability]:
    """What this person may do with a month as a whole, and why not. Reads only; the cycle is loaded."""
    run = CycleRun.objects.select_related("process").filter(cycle=cycle).first()
    return cycle_capabilities_of(CycleCase(actor, Subject(cycle), None if run is None else run.process))


@contextmanager
def _locked_cycle(cycle_id: int, actor: User) -> Iterator[CycleCase]:
    """Waits as long as a job may: reviews are finished all the time, and the whole month stands still for this."""
    process_id = CycleRun.objects.filter(cycle_id=cycle_id).values_list("process_id", flat=True).first()
    if process_id is None:
        raise cycle_missing()
    with patient_lock(), FLOW_LOCK.of_process(process_id, cycle_missing()), collecting():
        run = CycleRun.objects.select_related("process", "cycle__county", "cycle__scheme").get(
            cycle_id=cycle_id
        )
        subject = Subject(run.cycle)
        subject_attach(run.process, subject)
        case = CycleCase(actor, subject, run.process)
        if not case.visible():
            raise cycle_missing()
        yield case
