"""What a verification found: one place that is not as it was sealed, with both values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from backend.apps.seals.domain.differences import visible


@dataclass(frozen=True, slots=True)
class Finding:
    """`table`, `key` and `field` name the place; `old` is the sealed value, `new` the one found, both as text.

    Personal data are masked in both. `restorable` when `seal_restore` can put the old value back.
    """

    county_code: str
    month: str
    table: str
    key: str
    field: str
    old: str
    new: str
    message: str
    row_id: int | None = None
    restorable: bool = False

    def __post_init__(self) -> None:
        """What was tampered with may hold anything; a finding is shown, stored and sent."""
        for name in ("county_code", "month", "key", "field", "old", "new"):
            object.__setattr__(self, name, visible(getattr(self, name)))

    @property
    def fingerprint(self) -> str:
        """The same trouble found again is the same incident."""
        parts = (
            self.county_code,
            self.month,
            self.table,
            self.key,
            self.field,
            self.old,
            self.new,
            self.message,
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def __str__(self) -> str:
        place = " ".join(part for part in (self.month, self.table, self.key, self.field) if part)
        values = f": {self.old} → {self.new}" if self.old or self.new else ""
        return f"{place}{values} ({self.message})"
