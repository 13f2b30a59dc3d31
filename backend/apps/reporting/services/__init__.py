"""Public services of the reporting room."""

from backend.apps.reporting.services.building import report_build
from backend.apps.reporting.services.statement import statement_report

__all__ = ["report_build", "statement_report"]
