"""Runs functions at the same moment in threads with their own database connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def together(*functions: Callable[[], Any], timeout: float = 60) -> list[Any]:
    """Result or raised exception of each function, in the given order.

    Needs a transactional test (`@pytest.mark.django_db(transaction=True)`): other threads do not see
    rows of an open transaction.
    """
    barrier = threading.Barrier(len(functions))
    results: list[Any] = [None] * len(functions)

    def run(index: int, function: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout)
            results[index] = function()
        except Exception as error:  # noqa: BLE001 - the caller asserts on what each thread raised
            results[index] = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(index, function), daemon=True)
        for index, function in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
    assert not any(thread.is_alive() for thread in threads), "a thread did not finish in time"
    return results
