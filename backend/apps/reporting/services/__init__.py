"""Public services of the reporting room."""

from backend.apps.reporting.services.building import report_build

__all__ = ["report_build"]
