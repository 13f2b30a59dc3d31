"""The monthly cycle with its statements, lines, adjustments and decisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from backend.apps.enrolment.models import CareMode, Child
from backend.apps.institutions.models import ClassType, Grade, Institution, Region
from backend.apps.subsidy.models.schemes import Rate, Scheme
from backend.common.fields import ServiceMonthField


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
    recalculate_round = models.PositiveSmallIntegerField(
        null=True
    )  # calculation asked for at its start, not yet done
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
