"""What other rooms call."""

from backend.apps.alerts.services.correcting import (
    alert_correction_link,
    alerts_open_and_corrected,
    alerts_settle_corrected,
)
from backend.apps.alerts.services.raising import AlertSummary, alerts_follow, alerts_raise, alerts_stake
from backend.apps.alerts.services.settings import rule_set, threshold_set, thresholds_set
from backend.apps.alerts.services.settling import alert_override, alert_settle, alerts_dismiss

__all__ = [
    "AlertSummary",
    "alert_correction_link",
    "alert_override",
    "alert_settle",
    "alerts_dismiss",
    "alerts_follow",
    "alerts_open_and_corrected",
    "alerts_raise",
    "alerts_settle_corrected",
    "alerts_stake",
    "rule_set",
    "threshold_set",
    "thresholds_set",
]
