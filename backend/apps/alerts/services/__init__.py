"""What other rooms call."""

from backend.apps.alerts.services.raising import AlertSummary, alerts_raise, alerts_stake
from backend.apps.alerts.services.settings import rule_set, threshold_set, thresholds_set
from backend.apps.alerts.services.settling import alert_override, alert_settle, alerts_dismiss

__all__ = [
    "AlertSummary",
    "alert_override",
    "alert_settle",
    "alerts_dismiss",
    "alerts_raise",
    "alerts_stake",
    "rule_set",
    "threshold_set",
    "thresholds_set",
]
