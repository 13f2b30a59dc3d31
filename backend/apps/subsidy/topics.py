"""Outbox topics of the subsidy room."""

RECALCULATION_ASKED = "subsidy.recalculation_asked"
