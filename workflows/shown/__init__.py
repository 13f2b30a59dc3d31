"""批的是这一版: what stood behind a content hash, what has moved since, and how a person reads the difference."""

from workflows.shown.differences import Row, differences
from workflows.shown.documents import Shown, shown_document
from workflows.shown.present import ROWS_AT_MOST, Difference, DifferenceRow, present
from workflows.shown.store import shown_keep, shown_of_processes, shown_prune, shown_read

__all__ = [
    "ROWS_AT_MOST",
    "Difference",
    "DifferenceRow",
    "Row",
    "Shown",
    "differences",
    "present",
    "shown_document",
    "shown_keep",
    "shown_of_processes",
    "shown_prune",
    "shown_read",
]
