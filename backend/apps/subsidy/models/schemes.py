"""Scheme and rates: the rule of a county as dated data."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from backend.apps.enrolment.models import CareMode
from backend.apps.institutions.models import ClassType, Grade, Region
from backend.common.fields import ServiceMonthField
from backend.common.guards import Frozen


class Scheme(models.Model):
    """补助方案. `definition` is the rule (see `domain.scheme`); a released version is never edited."""

    frozen = Frozen(old="OLD.state = 'released'")

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        RELEASED = "released", "已发布"

    county = models.ForeignKey(Region, on_delete=models.PROTECT)
    code = models.CharField(max_length=32)
    version = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    document_number = models.CharField(max_length=64)  # 文号
    starts_on = models.DateField()
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)
    definition = models.JSONField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="schemes_made",
    )
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="schemes_released",
    )
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "subsidy_scheme"
        constraints = [
            models.UniqueConstraint(fields=["county", "code", "version"], name="subsidy_scheme_key")
        ]


ANY = "*"  # this axis does not matter for the row


class Rate(models.Model):
    """补助标准 row: yuan for one value of each axis of the scheme from a date on; `amount` NULL means abolished.

    An axis the scheme does not ask about, or for which the row holds whatever the value, is `*` (grade: NULL).
    """

    frozen = Frozen(
        old="EXISTS (SELECT 1 FROM subsidy_scheme WHERE id = OLD.scheme_id AND state = 'released')",
        new="EXISTS (SELECT 1 FROM subsidy_scheme WHERE id = NEW.scheme_id AND state = 'released')",
    )

    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="rates")
    grade = models.ForeignKey(Grade, on_delete=models.PROTECT, null=True)
    class_type = models.CharField(max_length=16, choices=[*ClassType.choices, (ANY, "不限")], default=ANY)
    care_mode = models.CharField(max_length=16, choices=[*CareMode.choices, (ANY, "不限")], default=ANY)
    age_band = models.CharField(max_length=32, default=ANY)
    size_band = models.CharField(max_length=32, default=ANY)
    setting = models.CharField(max_length=16, default=ANY)
    affordable = models.CharField(max_length=3, default=ANY)  # yes, no
    household_order = models.CharField(max_length=3, default=ANY)  # 2, 3+
    local_registration = models.CharField(max_length=3, default=ANY)  # yes, no
    amount = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    unit = models.CharField(max_length=16, default="child_month")
    currency = models.CharField(max_length=3, default="CNY")
    document_number = models.CharField(max_length=64)
    clause = models.CharField(max_length=64, blank=True, default="")
    starts_on = models.DateField()

    class Meta:
        db_table = "subsidy_rate"
        constraints = [
            # Rows for all grades have no grade and are compared by the scheme check instead.
            models.UniqueConstraint(
                fields=[
                    "scheme",
                    "grade",
                    "class_type",
                    "care_mode",
                    "age_band",
                    "size_band",
                    "setting",
                    "affordable",
                    "household_order",
                    "local_registration",
                    "starts_on",
                ],
                name="subsidy_rate_key",
            )
        ]


class SchemeEvent(models.Model):
    """方案经过: who drafted, edited, checked, released which content (`digest`); append-only."""

    append_only = True

    class Kind(models.TextChoices):
        DRAFTED = "drafted", "起草"
        EDITED = "edited", "修改"
        CHECKED = "checked", "试算核对"
        RELEASED = "released", "发布"

    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=16, choices=Kind)
    digest = models.CharField(max_length=64)
    month = ServiceMonthField(null=True)  # of a check
    detail = models.JSONField(default=dict)  # totals of a check
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    by_name = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "subsidy_scheme_event"
        indexes = [models.Index(fields=["scheme", "at"], name="subsidy_scheme_event_at")]
