"""The one lock of every flow: a blocking row lock on the process, always the outermost transaction.

Viewflow's default is no lock at all (two reviewers approve one task twice); its `SelectForUpdateLock`
swallows database errors inside the transaction and sleeps while holding it. This one waits in the
database, at most `lock_timeout`, and refuses to be nested unless somebody said why.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.models import Process, Task

REQUEST_MILLISECONDS = 3_000
JOB_MILLISECONDS = 10_000

_nested: ContextVar[bool] = ContextVar("flow_lock_nested", default=False)
_patience: ContextVar[int] = ContextVar("flow_lock_patience", default=REQUEST_MILLISECONDS)


@contextmanager
def nested_lock() -> Iterator[None]:
    """Allow the lock inside a transaction: only to start a process with its domain row, and for a parent and its child."""
    token = _nested.set(True)
    try:
        yield
    finally:
        _nested.reset(token)


@contextmanager
def patient_lock() -> Iterator[None]:
    """Wait as long as a background job may, instead of as long as somebody at a screen does."""
    token = _patience.set(JOB_MILLISECONDS)
    try:
        yield
    finally:
        _patience.reset(token)


def set_lock_timeout() -> None:
    """How long this transaction waits for a row, where the database has to be told; SQLite has its `timeout`."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {_patience.get():d}")


class RowLock:
    """`with lock(flow_class, process_pk):` opens the transaction and holds the process row.

    Outermost (`durable`), so lock order is fixed and `on_commit` fires when the lock is gone. PostgreSQL
    takes `FOR NO KEY UPDATE`, which leaves inserts that refer to the process free. SQLite has no row
    locks; its IMMEDIATE transaction is one global write lock.
    """

    @contextmanager
    def __call__(self, flow_class: Any, process_pk: int) -> Iterator[None]:
        rows = flow_class.process_class._base_manager.filter(pk=process_pk)
        with self._hold(rows, FlowLockFailed(f"process {process_pk} does not exist")):
            yield

    @contextmanager
    def of_process(self, process_id: int, missing: Exception) -> Iterator[None]:
        """The same lock by the id alone; raises `missing` when there is no such process."""
        with self._hold(Process._base_manager.filter(pk=process_id), missing):
            yield

    @contextmanager
    def of_task(self, task_id: int, missing: Exception) -> Iterator[None]:
        """The same lock, found by a task in one query; raises `missing` when there is no such task."""
        with self.named_by(Task.objects.filter(pk=task_id).values("process_id"), missing):
            yield

    @contextmanager
    def named_by(self, ids: Any, missing: Exception) -> Iterator[None]:
        """The same lock by a query that gives the id of one process; raises `missing` when it gives none."""
        with self._hold(Process._base_manager.filter(pk__in=ids), missing):
            yield

    @contextmanager
    def _hold(self, rows: QuerySet[Process], missing: Exception) -> Iterator[None]:
        held = False
        try:
            nested = _nested.get()
            with transaction.atomic(durable=not nested, savepoint=not nested):
                set_lock_timeout()
                no_key = connection.features.has_select_for_no_key_update
                if not rows.select_for_update(no_key=no_key).exists():
                    raise missing
                held = True
                yield
        except OperationalError as error:
            if held:
                raise
            raise FlowLockFailed(type(error).__name__) from error


FLOW_LOCK = RowLock()
