"""The garbage collector, told to wait while a batch builds what it will keep anyway."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_batches = 0  # inside, over all threads
_was_enabled = True


@contextmanager
def collection_paused() -> Iterator[None]:
    """No automatic collection of cycles inside, in the whole process; references still free their objects at once.

    A county month is some hundred thousand small records without a cycle among them, and the collector, which starts
    again each time the heap has grown by a quarter, takes more than half of the time to find nothing. Short batches
    only: cycles that other threads leave meanwhile wait for the end.
    """
    global _batches, _was_enabled  # the collector itself is one for the process
    with _lock:
        if _batches == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _batches += 1
    try:
        yield
    finally:
        with _lock:
            _batches -= 1
            if _batches == 0 and _was_enabled:
                gc.enable()
