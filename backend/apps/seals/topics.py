"""Outbox topics of sealing; payloads hold ids only."""

SEALED = "seals.sealed"
BACKUP = "seals.backup"
INCIDENT = "seals.incident"
LATE = "seals.late"  # a sealed month is to be worked out again with all data
