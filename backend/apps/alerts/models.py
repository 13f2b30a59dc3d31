"""Alerts (智能预警): a lead with evidence, settled by one person with one reason."""

from django.conf import settings
from django.db import models

from backend.apps.alerts.domain.rule import Severity
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution, Region
from backend.common.fields import ServiceMonthField


class HeadcountThreshold(models.Model):
    """预警人数 of an institution from a date on, set by the bureau: append-only, the newest of the latest date counts."""

    append_only = True

    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="headcount_thresholds"
    )
    threshold = models.PositiveIntegerField()
    starts_on = models.DateField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)
    set_by_name = models.CharField(max_length=64, blank=True, default="")
    set_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "alerts_threshold"
        indexes = [models.Index(fields=["institution", "starts_on"], name="alerts_threshold_from")]


class RuleSetting(models.Model):
    """Parameters of a rule in a county from a month on: append-only, the newest of the latest month counts."""

    append_only = True

    county = models.ForeignKey(Region, on_delete=models.PROTECT)
    rule = models.CharField(max_length=32)
    starts_month = ServiceMonthField()
    values = models.JSONField()  # parameter code to whole number
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    set_by_name = models.CharField(max_length=64)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "alerts_rule_setting"
        indexes = [models.Index(fields=["county", "rule"], name="alerts_rule_setting_rule")]


class Alert(models.Model):
    """One lead. `subject_key` makes raising idempotent; `evidence_hash` tells whether the facts changed since it was settled.

    `rule` is a code of the registry (`selectors/rules`); old months keep the codes of rules that no longer exist.
    """

    class State(models.TextChoices):
        OPEN = "open", "待处置"
        SETTLED = "settled", "已处置"
        GONE = "gone", "已消除"  # a recalculation no longer finds it

    county = models.ForeignKey(Region, on_delete=models.PROTECT)
    month = ServiceMonthField()
    rule = models.CharField(max_length=32)
    subject_key = models.CharField(max_length=100)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="alerts")
    child = models.ForeignKey(Child, on_delete=models.PROTECT, null=True)
    blocking = models.BooleanField()
    severity = models.CharField(
        max_length=8, choices=[(s.value, s.word) for s in Severity], default=Severity.MEDIUM.value
    )
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    evidence = models.JSONField()  # ids, dates, counts; never names
    evidence_hash = models.CharField(max_length=64)
    against = models.JSONField(default=list)  # counter-evidence that was looked for: code, found, text
    stake = models.DecimalField(max_digits=12, decimal_places=2, null=True)  # yuan on the lines when raised
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
    seconds = models.PositiveIntegerField(null=True)  # what the deciding took, as the screen measured it

    class Meta:
        db_table = "alerts_outcome"


class AlertOverride(models.Model):
    """放行: an open blocking alert no longer holds up approval, with a reason; it stays open and in the report.

    It counts for the evidence it was given on; changed facts hold the statement up again.
    """

    append_only = True

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="overrides")
    reason = models.CharField(max_length=300)
    evidence_hash = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    by_name = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "alerts_override"


class AlertCorrection(models.Model):
    """The 考勤更正 that was proposed from an alert, with the evidence its maker saw."""

    append_only = True

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="corrections")
    correction = models.OneToOneField(AttendanceCorrection, on_delete=models.PROTECT, related_name="+")
    evidence_hash = models.CharField(max_length=64)

    class Meta:
        db_table = "alerts_correction"
