"""What a person sends with an action, as `perform` takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.apps.accounts.domain.identity import IdentityProof
from workflows.actions import ActionPayload, DaysOverride, RequiredDaysInput


def action_payload(
    idempotency_key: str, data: Mapping[str, Any] | None = None, *, identity: IdentityProof | None = None
) -> ActionPayload:
    """From a validated body; claim and release carry none."""
    if data is None:
        return ActionPayload(idempotency_key=idempotency_key)
    days = data["required_days"]
    return ActionPayload(
        decision=data["decision"],
        comment=data["comment"],
        content_hash=data["content_hash"],
        confirms=data["confirms"],
        marks=tuple((row["line_id"], row["reason"]) for row in data["marked_lines"]),
        required_days=None if days is None else _required_days(days),
        idempotency_key=idempotency_key,
        identity=identity,
    )


def _required_days(data: Mapping[str, Any]) -> RequiredDaysInput:
    return RequiredDaysInput(
        days=data["days"],
        reason=data["reason"],
        overrides=tuple(
            DaysOverride(institution_id=row["institution_id"], days=row["days"], reason=row["reason"])
            for row in data["overrides"]
        ),
    )
