"""Outbox topics of sealing; payloads hold ids only."""

SEALED = "seals.sealed"
BACKUP = "seals.backup"
INCIDENT = "seals.incident"
