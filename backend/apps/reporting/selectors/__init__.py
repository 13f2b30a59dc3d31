"""Reading report files."""

from backend.apps.reporting.selectors.files import report_files, report_get

__all__ = ["report_files", "report_get"]
