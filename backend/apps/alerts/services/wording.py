"""Reasons people type: never empty, never too long for the column."""

from __future__ import annotations

from backend.common.errors import Invalid

REASON_LENGTH = 300


def reason_of(text: str, *, what: str = "原因") -> str:
    """Trimmed, or Invalid `reason_invalid`."""
    text = text.strip()
    if not text or len(text) > REASON_LENGTH:
        sentence = f"请写明{what}, 不超过 {REASON_LENGTH} 个字"
        raise Invalid("reason_invalid", sentence, errors=[{"field": "reason", "message": sentence}])
    return text
