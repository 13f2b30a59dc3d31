"""Scheme and rates, the monthly cycle with its statements and lines, evaluation and snapshot."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from backend.apps.enrolment.models import CareMode, Child
from backend.apps.institutions.models import ClassType, Grade, Institution, Region
from backend.common.fields import EncryptedTextField, RowKeyModel, ServiceMonthField
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


class MonthlyCycleQuerySet(models.QuerySet["MonthlyCycle"]):
    def in_force(self) -> MonthlyCycleQuerySet:
        """Without the cancelled ones: at most one per county and month."""
        return self.filter(cancellation=0)


class MonthlyCycle(models.Model):
    """月度周期: one county, one service month. It stores facts; the approval position is the workflow's.

    A cancelled month may be opened again as a new row. `cancellation` is 0 in force, and for the n-th cancelled
    cycle of a month n: the unique key then holds one in force and any number of cancelled ones on every database.
    """

    county = models.ForeignKey(Region, on_delete=models.PROTECT)
    month = ServiceMonthField()
    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    opened_at = models.DateTimeField()
    calculated_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    evaluated_at = models.DateTimeField(null=True)
    cancellation = models.PositiveSmallIntegerField(default=0)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    cancel_reason = models.CharField(max_length=300, blank=True, default="")

    objects = MonthlyCycleQuerySet.as_manager()

    class Meta:
        db_table = "subsidy_cycle"
        constraints = [
            models.UniqueConstraint(fields=["county", "month", "cancellation"], name="subsidy_cycle_once")
        ]


class Statement(models.Model):
    """机构月度结算单: one institution in one cycle. `finished` is the join predicate of the workflow."""

    class Outcome(models.TextChoices):
        APPROVED = "approved", "已通过"
        EXCLUDED = "excluded", "不纳入"

    cycle = models.ForeignKey(MonthlyCycle, on_delete=models.PROTECT, related_name="statements")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)
    grade = models.ForeignKey(Grade, on_delete=models.PROTECT)  # in force in the month, as calculated
    required_days = models.PositiveSmallIntegerField()
    round = models.PositiveSmallIntegerField(default=1)
    children_count = models.PositiveIntegerField(default=0)
    paid_children = models.PositiveIntegerField(default=0)
    places = models.PositiveIntegerField(default=0)  # 托位 the institution itself is paid for
    unresolved_count = models.PositiveIntegerField(default=0)  # lines no rate matches: they block approval
    total_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    payments = models.JSONField(
        default=dict, blank=True
    )  # see `domain.payments`; {}: one payer, one payee, at once
    adjustments_count = models.PositiveIntegerField(default=0)  # 补发/追回 lines, part of `total_amount`
    adjustments_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    calculated_at = models.DateTimeField()
    finished = models.BooleanField(default=False)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True, default="")
    exclusion_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "subsidy_statement"
        constraints = [models.UniqueConstraint(fields=["cycle", "institution"], name="subsidy_statement_key")]
        indexes = [models.Index(fields=["cycle", "finished"], name="subsidy_statement_open")]


class EntitlementLine(models.Model):
    """应补金额 of one child in one statement, with the derivation that explains it.

    Where a scheme pays per place or flat, the statement has one line of the institution itself: no child, class or
    care mode, `places`, its open days as `attended_days` and the month's workdays as `required_days`. `own_statement`
    repeats the statement there, because a unique key over a NULL child would let two such lines in.
    """

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="lines")
    child = models.ForeignKey(Child, on_delete=models.PROTECT, null=True)
    own_statement = models.OneToOneField(
        Statement, on_delete=models.CASCADE, null=True, related_name="institution_line"
    )
    places = models.PositiveIntegerField(null=True)
    class_type = models.CharField(max_length=16, choices=ClassType, blank=True)
    care_mode = models.CharField(max_length=16, choices=CareMode, blank=True)
    attended_days = models.PositiveSmallIntegerField()
    required_days = models.PositiveSmallIntegerField()
    not_captured_days = models.PositiveSmallIntegerField()
    rate = models.ForeignKey(Rate, on_delete=models.PROTECT, null=True)
    rate_amount = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    factor = models.DecimalField(max_digits=9, decimal_places=6)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason_code = models.CharField(max_length=32)
    payments = models.JSONField(default=dict, blank=True)  # see `domain.payments`
    derivation = models.JSONField()

    class Meta:
        db_table = "subsidy_line"
        constraints = [
            models.UniqueConstraint(fields=["statement", "child"], name="subsidy_line_key"),
            models.CheckConstraint(
                condition=models.Q(child__isnull=False, own_statement__isnull=True)
                | models.Q(
                    # not NULL said aloud: a comparison with NULL would let the row in
                    child__isnull=True,
                    own_statement__isnull=False,
                    own_statement=models.F("statement"),
                ),
                name="subsidy_line_subject",
            ),
        ]


class AdjustmentLine(models.Model):
    """补发/追回 (迟到账): what an evaluated month would be today beyond what was paid for it, paid with this statement.

    `current_amount` is what the rule gives with all data known now, `adjusted_amount` what earlier adjustments of the
    same line already brought; `difference` = current − sealed − adjusted. `amount` is the part that enters: less than
    a clawback where the statement would become negative, and then the rest is carried to a later month (ADR 0065).
    `subject` is the child's id, 0 for the institution itself, because a unique key over a NULL child lets two rows in.
    """

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="adjustments")
    origin = models.ForeignKey("Snapshot", on_delete=models.PROTECT, related_name="+")
    origin_month = ServiceMonthField()
    subject = models.BigIntegerField()
    child = models.ForeignKey(Child, on_delete=models.PROTECT, null=True)
    origin_row_code = models.CharField(max_length=32, blank=True)  # empty: no line was sealed
    sealed_amount = models.DecimalField(max_digits=10, decimal_places=2)
    adjusted_amount = models.DecimalField(max_digits=10, decimal_places=2)
    current_amount = models.DecimalField(max_digits=10, decimal_places=2)
    difference = models.DecimalField(max_digits=10, decimal_places=2)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason_code = models.CharField(max_length=32)  # see `domain.adjustments`
    arrived_at = models.DateTimeField(null=True)
    payments = models.JSONField(default=dict, blank=True)  # see `domain.payments`
    derivation = models.JSONField()  # root and code of the sealed month, the derivation sealed and today's

    class Meta:
        db_table = "subsidy_adjustment"
        constraints = [
            models.UniqueConstraint(fields=["statement", "origin", "subject"], name="subsidy_adjustment_key")
        ]
        indexes = [models.Index(fields=["origin", "subject"], name="subsidy_adjustment_origin")]


class PayeeDecision(models.Model):
    """一人两家: which institution is paid for a child in a month, decided by a person; the last row holds. Append-only."""

    append_only = True

    cycle = models.ForeignKey(MonthlyCycle, on_delete=models.PROTECT, related_name="payee_decisions")
    child = models.ForeignKey(Child, on_delete=models.PROTECT)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    by_name = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "subsidy_payee_decision"
        indexes = [models.Index(fields=["cycle", "child"], name="subsidy_payee_child")]


class StatementDecision(models.Model):
    """审核意见: one per step and round, append-only. The unique key backs the workflow's lock."""

    append_only = True

    class Step(models.TextChoices):
        REVIEW_TOWNSHIP = "review_township", "乡镇街道初审"
        REVIEW_COUNTY = "review_county", "县级审核"
        CORRECT = "correct", "机构更正"
        EXCLUDE = "exclude", "不纳入本月"  # by the county, whatever step the review is at

    class Decision(models.TextChoices):
        APPROVED = "approved", "通过"
        RETURNED = "returned", "退回"
        BACK_TO_TOWNSHIP = "back_to_township", "退回初审"
        EXCLUDED = "excluded", "不纳入本月"
        RESUBMITTED = "resubmitted", "重新提交"

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="decisions")
    step = models.CharField(max_length=32, choices=Step)
    round = models.PositiveSmallIntegerField()
    decision = models.CharField(max_length=16, choices=Decision)
    comment = models.CharField(max_length=500, blank=True, default="")
    marked_line_ids = models.JSONField(default=list)
    mark_reasons = models.JSONField(default=dict)  # line id as text → why it was marked
    content_hash = models.CharField(max_length=64)
    total_amount = models.DecimalField(max_digits=12, decimal_places=2)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    by_name = models.CharField(max_length=64)
    principal = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # 委托人: for whom `by` acted
    principal_name = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "subsidy_decision"
        constraints = [
            models.UniqueConstraint(fields=["statement", "step", "round"], name="subsidy_decision_key")
        ]


class Takeback(models.Model):
    """收回: a decision that no longer holds, though it stays in the history. Each is taken back at most once."""

    append_only = True

    class Kind(models.TextChoices):
        WITHDRAWN = "withdrawn", "撤回"  # by the person who decided, before anybody went on
        REOPENED = "reopened", "重新审核"  # of a finished statement, by the county, before the evaluation

    decision = models.OneToOneField(StatementDecision, on_delete=models.PROTECT, related_name="takeback")
    kind = models.CharField(max_length=16, choices=Kind)
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    by_name = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "subsidy_takeback"


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
