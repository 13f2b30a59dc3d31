"""After a month with returns, corrections and a failed job: no identity number where the engine keeps its data."""

from __future__ import annotations

import json

import pytest
from viewflow.workflow.models import Process, Task

from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.exchange.models import Delivery
from backend.apps.messaging.models import Message
from backend.common.errors import Conflict, Invalid
from tests.factories import COUNTY
from tests.support.id_numbers import id_numbers_in
from tests.support.recalculating import recalculate_asked
from tests.workflows.test_background import Acts, acts, add
from tests.workflows.test_jobs import current, go, make_due, raising
from tests.workflows.world import World, fresh
from workflows import steps
from workflows.deadlines import DeadlineInput, deadline_set
from workflows.models import (
    BackgroundItem,
    BackgroundJob,
    IdempotentAction,
    JobRun,
    ProcessEvent,
    RunnerBeat,
    StepDeadline,
    TaskPlace,
)
from workflows.operations import job_cancel
from workflows.runner import run_pending

__all__ = ["acts"]  # a fixture of the file next door


def test_whole_month(
    opened: World, acts: Acts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    child = Child.objects.order_by("id").first()
    assert child is not None
    assert id_numbers_in(child.id_number)
    for node in ("review_township", "correct"):
        given = DeadlineInput(node, 1, remind_days=1, escalate_days=1, reason="通知")
        deadline_set(actor=fresh(opened.cast.county_one), county_code=COUNTY, given=given, nodes=[node])
    opened.set_days()
    with monkeypatch.context() as patched:
        patched.setattr(steps, "cycle_calculate", raising(LookupError(f"{child.name} {child.id_number}")))
        go(current(opened, "calculate"))
    make_due(current(opened, "calculate"))
    opened.run()
    jasmine = opened.cast.jasmine
    opened.complete(
        opened.open_task("review_township", jasmine),
        opened.cast.town_sanjiang,
        "returned",
        comment="请说明 9 日",
        idempotency_key="k",
    )
    opened.complete(
        opened.open_task("correct", jasmine), opened.cast.operator_jasmine, "resubmitted", comment="停电"
    )
    recalculate_asked()
    opened.approve_all()
    opened.evaluate()
    opened.run()
    assert opened.steps()[-1] == ("end", "DONE")

    # A job beside the flows, one of whose items refuses and one breaks, both quoting a child; stopped in the end.
    acts.trouble = {
        1: Conflict("refused", f"{child.id_number} 已登记"),
        2: LookupError(f"{child.name} {child.id_number}"),
    }
    job = add(opened, 1, 2, 3)
    run_pending(once=True)
    with pytest.raises(Invalid):
        job_cancel(run_id=job.run_id, actor=fresh(opened.cast.system_admin), reason=f"{child.id_number} 有误")
    job_cancel(run_id=job.run_id, actor=fresh(opened.cast.system_admin), reason="数据有误, 先停")
    assert job.items.get(target_id=1).message == "[证件号码] 已登记"

    tables = (
        *(Task, Process, JobRun, ProcessEvent, IdempotentAction, Delivery, Message, AuditEvent),
        *(BackgroundJob, BackgroundItem, StepDeadline, TaskPlace, RunnerBeat),
    )
    rows = [list(model.objects.values()) for model in tables]
    stored = json.dumps(rows, default=str, ensure_ascii=False)
    personal = [value for child in Child.objects.all() for value in (child.id_number, child.name)]
    assert len(personal) == 12
    for value in personal:
        assert value not in stored
        assert value not in caplog.text
    assert id_numbers_in(stored) == []
    assert {json.dumps(data, sort_keys=True) for data in Task.objects.values_list("data", flat=True)} == {
        "{}",
        '{"spawned": true}',
        '{"decision": "set"}',
        '{"decision": "approved"}',
        '{"decision": "returned"}',
        '{"decision": "resubmitted"}',
        '{"decision": "evaluated"}',
    }
