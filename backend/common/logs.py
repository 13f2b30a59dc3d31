"""Log lines without the text of exceptions: database errors quote row values, and those may be a child's ID number."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PrivateFormatter(logging.Formatter):
    """Prints code positions and class names, causes included; never messages."""

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802  # the name logging calls
        lines: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
            lines += [frames, f"{type(error).__module__}.{type(error).__qualname__}"]
            cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            if cause is not None:
                lines.append("caused by")
            error = cause
        return "\n".join(line for line in lines if line)
