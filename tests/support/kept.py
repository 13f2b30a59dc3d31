"""A world that a module builds once; the changes of every test in it are rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar
from unittest.mock import patch

from django.db import transaction
from django.test import override_settings

T = TypeVar("T")


@contextmanager
def kept_for_the_module(
    blocker: Any, build: Callable[[], T], *, clock: AbstractContextManager[Any] | None = None
) -> Iterator[T]:
    """Built inside a transaction that outlives the tests, whose own transactions nest in it.

    Threads see nothing of it: a test of races builds its own world.
    """
    outer = transaction.atomic()
    outer._from_testcase = True  # type: ignore[attr-defined]  # as TestCase does, so that durable blocks accept it
    with blocker.unblock():
        outer.__enter__()
        try:
            # The runner drops connections with an open transaction, which here is the module's own. A heartbeat
            # looks from a connection that sees nothing of it: a job of more than a second would count as overtaken.
            with (
                clock or nullcontext(),
                patch("workflows.runner.close_old_connections"),
                override_settings(JOB_PROGRESS_SECONDS=600, JOB_HEARTBEAT_SECONDS=600),
            ):
                built = build()
        except BaseException:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)
            raise
    yield built
    with blocker.unblock():
        transaction.set_rollback(True)
        outer.__exit__(None, None, None)
