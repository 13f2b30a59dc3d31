"""Public services of the sealing room."""

from backend.apps.seals.services.backup import BackupSummary, seal_backup
from backend.apps.seals.services.packaging import institution_rows, line_proof, seal_package
from backend.apps.seals.services.sealing import seal_month

__all__ = [
    "BackupSummary",
    "institution_rows",
    "line_proof",
    "seal_backup",
    "seal_month",
    "seal_package",
]
