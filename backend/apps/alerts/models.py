"""Alerts (智能预警): a lead with evidence, settled by one person with one reason."""

from django.conf import settings
from django.db import models

from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution, Region
from backend.common.fields import ServiceMonthField


class HeadcountThreshold(models.Model):
    """预警人数 of an institution from a date on, set by the bureau."""

    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="headcount_thresholds"
    )
    threshold = models.PositiveIntegerField()
    starts_on = models.DateField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)

    class Meta:
        db_table = "alerts_threshold"
        constraints = [
            models.UniqueConstraint(fields=["institution", "starts_on"], name="alerts_threshold_key")
        ]


class Alert(models.Model):
    """One lead. `subject_key` makes raising idempotent; `evidence_hash` tells whether the facts changed since it was settled."""

    class Rule(models.TextChoices):
        HEADCOUNT = "headcount", "考勤人数异常"
        SEVERAL_INSTITUTIONS = "several_institutions", "考勤机构异常"

    class State(models.TextChoices):
        OPEN = "open", "待处置"
        SETTLED = "settled", "已处置"
        GONE = "gone", "已消除"  # a recalculation no longer finds it

    county = models.ForeignKey(Region, on_delete=models.PROTECT)
    month = ServiceMonthField()
    rule = models.CharField(max_length=32, choices=Rule)
    subject_key = models.CharField(max_length=100)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="alerts")
    child = models.ForeignKey(Child, on_delete=models.PROTECT, null=True)
    blocking = models.BooleanField()
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    evidence = models.JSONField()  # ids, dates, counts; never names
    evidence_hash = models.CharField(max_length=64)
    raised_at = models.DateTimeField()

    class Meta:
        db_table = "alerts_alert"
        constraints = [
            models.UniqueConstraint(
                fields=["county", "month", "rule", "subject_key"],
                name="alerts_alert_key",
            )
        ]
        indexes = [models.Index(fields=["institution", "month", "state"], name="alerts_alert_inst")]


class AlertInstitution(models.Model):
    """Every institution an alert touches, so that each of their statements sees it."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="touched")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)

    class Meta:
        db_table = "alerts_institution"
        constraints = [
            models.UniqueConstraint(fields=["alert", "institution"], name="alerts_institution_key")
        ]


class AlertOutcome(models.Model):
    """处置: append-only; the newest counts."""

    append_only = True

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", "属实"
        DISMISSED = "dismissed", "排除"
        CORRECTED = "corrected", "已更正"

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="outcomes")
    outcome = models.CharField(max_length=16, choices=Outcome)
    reason = models.CharField(max_length=300)
    evidence_hash = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    by_name = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "alerts_outcome"
