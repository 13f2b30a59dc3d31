"""Reading alerts."""

from backend.apps.alerts.selectors.alerts import (
    alert_get,
    alert_list,
    alerts_holding_up,
    alerts_in_scope,
    open_alert_counts,
    open_blocking_alerts,
)
from backend.apps.alerts.selectors.rule_values import rule_settings, rule_values

__all__ = [
    "alert_get",
    "alert_list",
    "alerts_holding_up",
    "alerts_in_scope",
    "open_alert_counts",
    "open_blocking_alerts",
    "rule_settings",
    "rule_values",
]
