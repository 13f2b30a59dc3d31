"""Public services of the sealing room."""

from backend.apps.seals.services.asked import seal_check_now, seal_package_take
from backend.apps.seals.services.backup import BackupSummary, seal_backup
from backend.apps.seals.services.incidents import incidents_open
from backend.apps.seals.services.late import (
    LateSummary,
    late_arrived,
    late_enter,
    late_follow_up,
    late_look,
    late_match,
)
from backend.apps.seals.services.packaging import institution_rows, line_proof, seal_package
from backend.apps.seals.services.replaying import package_replay, seal_replay
from backend.apps.seals.services.restoring import RestoreSummary, seal_restore
from backend.apps.seals.services.sealing import seal_month
from backend.apps.seals.services.verifying import SealReport, installation_verify, seal_verify
from backend.apps.seals.services.watch import WatchSummary, seals_watch

__all__ = [
    "BackupSummary",
    "LateSummary",
    "RestoreSummary",
    "SealReport",
    "WatchSummary",
    "incidents_open",
    "installation_verify",
    "institution_rows",
    "late_arrived",
    "late_enter",
    "late_follow_up",
    "late_look",
    "late_match",
    "line_proof",
    "package_replay",
    "seal_backup",
    "seal_check_now",
    "seal_month",
    "seal_package",
    "seal_package_take",
    "seal_replay",
    "seal_restore",
    "seal_verify",
    "seals_watch",
]
