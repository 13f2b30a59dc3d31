"""Report files, made from snapshots only."""

from django.db import models

from backend.apps.subsidy.models import Snapshot


class ReportFile(models.Model):
    """One produced file below MEDIA_ROOT."""

    class Kind(models.TextChoices):
        PDF = "pdf", "核定报告 PDF"
        XLSX = "xlsx", "明细表 XLSX"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=8, choices=Kind)
    statement_number = models.PositiveIntegerField(default=0)  # `SnapshotStatement.row_number`; 0: the county
    path = models.CharField(max_length=200)
    file_name = models.CharField(max_length=200)  # an institution's name has up to 120
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "reporting_file"
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "kind", "statement_number"], name="reporting_file_key"
            )
        ]
