"""再次确认身份: the proof that the person who is signed in is still the one at the desk, just before what cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LOCAL: Final = "password"
COMMAND: Final = "command"  # somebody with a shell on the server, where no session is
FRESH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class IdentityProof:
    """How and when. `method` is `password`, `command`, or the name of the outside sign-in (`oidc`, `cas`, …).

    `row` is the `IdentityConfirmation` that is spent with the act; only a `command` has none.
    """

    method: str
    at: datetime
    row: int | None = None

    def fresh(self, now: datetime) -> bool:
        """Not from the future either: a clock that was set back must not make a proof last longer."""
        return timedelta(0) <= now - self.at <= FRESH

    @property
    def until(self) -> datetime:
        return self.at + FRESH

    def document(self) -> dict[str, str]:
        """For the history, the audit and the seal."""
        return {"method": self.method, "at": self.at.isoformat()}
