"""How far a long piece of work is: a callback that services take and jobs give."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""`progress(done, total)`; it may raise, when another worker has taken the work over."""


def nobody(done: int, total: int) -> None:
    """For work that nobody watches."""
