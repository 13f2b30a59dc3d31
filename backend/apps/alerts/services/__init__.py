"""What other rooms call."""

from backend.apps.alerts.services.raising import AlertSummary, alerts_raise
from backend.apps.alerts.services.settling import alert_settle

__all__ = ["AlertSummary", "alert_settle", "alerts_raise"]
