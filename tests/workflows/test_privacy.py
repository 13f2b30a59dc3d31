"""After a month with returns, corrections and a failed job: no identity number where the engine keeps its data."""

from __future__ import annotations

import json
import re

import pytest
from viewflow.workflow.models import Process, Task

from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.exchange.models import Delivery
from backend.apps.messaging.models import Message
from tests.workflows.test_jobs import current, go, make_due, raising
from tests.workflows.world import World
from workflows import steps
from workflows.models import IdempotentAction, JobRun, ProcessEvent

NUMBER = re.compile(r"(?<!\d)\d{17}[\dX](?!\d)")


def test_whole_month(
    opened: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    child = Child.objects.order_by("id").first()
    assert child is not None
    assert NUMBER.search(child.id_number)
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
    opened.approve_all()
    opened.evaluate()
    opened.run()
    assert opened.steps()[-1] == ("end", "DONE")

    tables = (Task, Process, JobRun, ProcessEvent, IdempotentAction, Delivery, Message, AuditEvent)
    rows = [list(model.objects.values()) for model in tables]
    stored = json.dumps(rows, default=str, ensure_ascii=False)
    personal = [value for child in Child.objects.all() for value in (child.id_number, child.name)]
    assert len(personal) == 12
    for value in personal:
        assert value not in stored
        assert value not in caplog.text
    assert NUMBER.findall(stored) == []
    assert {json.dumps(data, sort_keys=True) for data in Task.objects.values_list("data", flat=True)} == {
        "{}",
        '{"spawned": true}',
        '{"decision": "set"}',
        '{"decision": "approved"}',
        '{"decision": "returned"}',
        '{"decision": "resubmitted"}',
        '{"decision": "evaluated"}',
    }
