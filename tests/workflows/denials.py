"""A denial test also proves that nothing changed: every table of the act is compared before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from viewflow.workflow.models import Process, Task

from backend.apps.attendance.models import RequiredDays
from backend.apps.audit.models import AuditEvent
from backend.apps.exchange.models import Delivery
from backend.apps.subsidy.models import (
    Evaluation,
    MonthlyCycle,
    Snapshot,
    Statement,
    StatementDecision,
    Takeback,
)
from backend.common.errors import DomainError
from workflows.models import (
    CycleRun,
    Delegation,
    IdempotentAction,
    Invitation,
    JobRun,
    ProcessEvent,
    StatementRun,
    TaskPlace,
)

TABLES = (
    *(Process, Task, TaskPlace, JobRun, ProcessEvent, IdempotentAction, CycleRun, StatementRun),
    *(Invitation, Delegation, Takeback),
    *(MonthlyCycle, Statement, StatementDecision, Evaluation, Snapshot, RequiredDays),
    *(AuditEvent, Delivery),
)


def picture() -> dict[str, list[Any]]:
    return {model._meta.db_table: list(model.objects.order_by("pk").values()) for model in TABLES}


@contextmanager
def refused(status: int, code: str, message: str | None = None) -> Iterator[None]:
    """The block raises this refusal and leaves every row as it was."""
    before = picture()
    with pytest.raises(DomainError) as caught:
        yield
    assert (caught.value.status, caught.value.code) == (status, code), caught.value
    if message is not None:
        assert caught.value.message == message
    assert picture() == before
