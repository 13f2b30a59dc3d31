"""Evaluation and snapshot: what no later change of a row reaches."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from backend.apps.subsidy.models.months import MonthlyCycle
from backend.common.fields import EncryptedTextField, RowKeyModel, ServiceMonthField


class Evaluation(models.Model):
    """评定: who closed the month, on exactly which content."""

    append_only = True

    cycle = models.OneToOneField(MonthlyCycle, on_delete=models.PROTECT, related_name="evaluation")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    by_name = models.CharField(max_length=64)
    principal = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # as on `StatementDecision`
    principal_name = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()
    comment = models.CharField(max_length=500, blank=True, default="")
    content_hash = models.CharField(max_length=64)
    total_amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        db_table = "subsidy_evaluation"


class Snapshot(models.Model):
    """评定备份: the month as evaluated. `digest` covers the header and every row in order (SM3)."""

    append_only = True

    cycle = models.OneToOneField(MonthlyCycle, on_delete=models.PROTECT, related_name="snapshot")
    county_code = models.CharField(max_length=12)
    county_name = models.CharField(max_length=64)
    month = ServiceMonthField()
    header = models.JSONField()  # scheme, rates, required days, decisions, alerts with outcomes, evaluation
    line_count = models.PositiveIntegerField()
    total_amount = models.DecimalField(max_digits=14, decimal_places=2)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "subsidy_snapshot"
        indexes = [models.Index(fields=["county_code", "month"], name="subsidy_snapshot_month")]


class SnapshotStatement(models.Model):
    """A statement as evaluated; every name is text."""

    append_only = True

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="statements")
    row_number = models.PositiveIntegerField()
    institution_id = models.BigIntegerField()
    institution_name = models.CharField(max_length=120)
    credit_code = models.CharField(max_length=18, blank=True)
    township_name = models.CharField(max_length=64)
    grade_name = models.CharField(max_length=32)
    required_days = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=16)
    exclusion_reason = models.CharField(max_length=300, blank=True)
    children_count = models.PositiveIntegerField()
    paid_children = models.PositiveIntegerField()
    places = models.PositiveIntegerField(default=0)
    total_amount = models.DecimalField(max_digits=12, decimal_places=2)
    payments = models.JSONField(default=dict, blank=True)
    content_hash = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        db_table = "subsidy_snap_statement"
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "row_number"], name="subsidy_snap_statement_key")
        ]


class SnapshotLine(RowKeyModel):
    """An entitlement line as evaluated, derivation included."""

    append_only = True

    statement = models.ForeignKey(SnapshotStatement, on_delete=models.PROTECT, related_name="lines")
    row_number = models.PositiveIntegerField()
    row_code = models.CharField(max_length=32, unique=True)  # printed on paper, e.g. 330683-202610-00042
    child_id = models.BigIntegerField(null=True)  # NULL: the line of the institution itself
    child_code = models.CharField(max_length=16, blank=True)
    child_name = EncryptedTextField(blank=True)
    name_commitment = models.CharField(
        max_length=64
    )  # keyed hash of row code and name: the digests stand on it, so a name can be erased and the seal still verifies
    class_type = models.CharField(max_length=16, blank=True)
    care_mode = models.CharField(max_length=16, blank=True)
    places = models.PositiveIntegerField(null=True)
    attended_days = models.PositiveSmallIntegerField()
    required_days = models.PositiveSmallIntegerField()
    not_captured_days = models.PositiveSmallIntegerField()
    rate_amount = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    factor = models.DecimalField(max_digits=9, decimal_places=6)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason_code = models.CharField(max_length=32)
    payments = models.JSONField(default=dict, blank=True)
    derivation = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        db_table = "subsidy_snap_line"
        constraints = [
            models.UniqueConstraint(fields=["statement", "row_number"], name="subsidy_snap_line_key")
        ]


class SnapshotAdjustment(RowKeyModel):
    """An adjustment line as evaluated."""

    append_only = True

    statement = models.ForeignKey(SnapshotStatement, on_delete=models.PROTECT, related_name="adjustments")
    row_number = models.PositiveIntegerField()
    row_code = models.CharField(max_length=32, unique=True)  # printed on paper, e.g. 330683-202611-A00001
    origin_month = ServiceMonthField()
    origin_row_code = models.CharField(max_length=32, blank=True)
    child_id = models.BigIntegerField(null=True)  # NULL: of the institution itself
    child_code = models.CharField(max_length=16, blank=True)
    child_name = EncryptedTextField(blank=True)
    name_commitment = models.CharField(max_length=64)  # as on `SnapshotLine`
    sealed_amount = models.DecimalField(max_digits=10, decimal_places=2)
    adjusted_amount = models.DecimalField(max_digits=10, decimal_places=2)
    current_amount = models.DecimalField(max_digits=10, decimal_places=2)
    difference = models.DecimalField(max_digits=10, decimal_places=2)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason_code = models.CharField(max_length=32)
    arrived_at = models.DateTimeField(null=True)
    payments = models.JSONField(default=dict, blank=True)
    derivation = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        db_table = "subsidy_snap_adjust"
        constraints = [
            models.UniqueConstraint(fields=["statement", "row_number"], name="subsidy_snap_adjust_key")
        ]
