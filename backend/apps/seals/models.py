"""封存: the sealed month a second time, as hashed documents, with the log and the signed checkpoint.

Tables of their own, so that on PostgreSQL they can belong to a role the application does not use (ADR 0063).
"""

from django.db import models

from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import Snapshot
from backend.common.fields import ServiceMonthField
from backend.common.guards import Frozen


class LogEntry(models.Model):
    """年度封存日志: leaf `number` of the log `origin` (one county, one year), as canonical text."""

    append_only = True

    origin = models.CharField(max_length=64)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)
    document = models.TextField()
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "seal_log"
        constraints = [models.UniqueConstraint(fields=["origin", "number"], name="seal_log_key")]


class Seal(models.Model):
    """一个月的封存: root of the month's tree, its place in the log and the signed checkpoint."""

    append_only = True

    snapshot = models.OneToOneField(Snapshot, on_delete=models.PROTECT, related_name="seal")
    county_code = models.CharField(max_length=12)
    month = ServiceMonthField()
    format = models.CharField(max_length=32)
    root = models.CharField(max_length=64)
    leaves = models.PositiveIntegerField()
    origin = models.CharField(max_length=64)
    entry = models.PositiveIntegerField()  # number of the month in the log
    checkpoint = models.TextField()  # signed note
    keys = models.JSONField(default=list)  # verification keys of the signatures, as text
    code = models.CharField(max_length=19)  # short code of the checkpoint, for paper and messages
    created_at = models.DateTimeField()

    class Meta:
        db_table = "seal_month"
        constraints = [
            models.UniqueConstraint(fields=["county_code", "month"], name="seal_month_key"),
            models.UniqueConstraint(fields=["origin", "entry"], name="seal_month_entry"),
        ]


class SealTree(models.Model):
    """封存副本: every document of one tree, one per line, and their checks. Number 0 is the month, the others institutions."""

    append_only = True

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="trees")
    number = models.PositiveIntegerField()
    institution_id = models.BigIntegerField(null=True)
    leaves = models.PositiveIntegerField()
    root = models.CharField(max_length=64)
    documents = models.TextField()
    checks = models.TextField()

    class Meta:
        db_table = "seal_tree"
        constraints = [models.UniqueConstraint(fields=["seal", "number"], name="seal_tree_key")]


class SealPrivate(models.Model):
    """Salts and values behind the commitments of one tree, encrypted; may change only after an erasure was recorded."""

    frozen = Frozen(old="NOT EXISTS (SELECT 1 FROM seal_erasure WHERE private_id = OLD.id)")

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="privates")
    number = models.PositiveIntegerField()
    ciphertext = models.TextField(blank=True)

    class Meta:
        db_table = "seal_private"
        constraints = [models.UniqueConstraint(fields=["seal", "number"], name="seal_private_key")]


class SealErasure(models.Model):
    """个人信息清除: who erased the openings of which documents (`leaves`; NULL: all) of a tree, and why."""

    append_only = True

    private = models.ForeignKey(SealPrivate, on_delete=models.PROTECT, related_name="erasures")
    leaves = models.JSONField(null=True)
    reason = models.CharField(max_length=300)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "seal_erasure"


class SealCopy(models.Model):
    """One package in one backup location: written, read back and checked."""

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="copies")
    location = models.CharField(max_length=64)  # name in the settings
    path = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sm3 = models.CharField(max_length=64)
    written_at = models.DateTimeField()
    verified_at = models.DateTimeField()

    class Meta:
        db_table = "seal_copy"
        constraints = [models.UniqueConstraint(fields=["seal", "location"], name="seal_copy_key")]


class SealCheck(models.Model):
    """When a month was last held against its package, and what came out."""

    seal = models.OneToOneField(Seal, on_delete=models.PROTECT, related_name="check_state")
    checked_at = models.DateTimeField(db_index=True)
    milliseconds = models.PositiveIntegerField()
    findings = models.PositiveIntegerField()
    witness = models.CharField(
        max_length=64
    )  # backup location, `copy`, or empty when nothing was left to compare with
    mark = models.CharField(
        max_length=200, blank=True, default=""
    )  # changes whenever a row of the month does

    class Meta:
        db_table = "seal_check"


class SealIncident(models.Model):
    """封存异常: one place found not as it was sealed. Values are masked; it closes when the place is right again."""

    fingerprint = models.CharField(max_length=64, unique=True)
    scope = models.CharField(
        max_length=32, db_index=True
    )  # what is checked together: one seal, or the installation
    county_code = models.CharField(max_length=12, blank=True, default="")
    month = models.CharField(max_length=7, blank=True, default="")
    table_name = models.CharField(max_length=64)
    row_key = models.CharField(max_length=200, blank=True, default="")
    field = models.CharField(max_length=200, blank=True, default="")
    old_text = models.CharField(max_length=250, blank=True, default="")
    new_text = models.CharField(max_length=250, blank=True, default="")
    message = models.CharField(max_length=250)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "seal_incident"
        indexes = [models.Index(fields=["closed_at", "found_at"], name="seal_incident_open")]


class LateCheck(models.Model):
    """When a sealed month was last worked out with all data known, for the ledger; its row lock serialises that."""

    seal = models.OneToOneField(Seal, on_delete=models.PROTECT, related_name="late_check")
    checked_at = models.DateTimeField(null=True, db_index=True)
    milliseconds = models.PositiveIntegerField(default=0)
    lines = models.PositiveIntegerField(default=0)  # rows of the ledger
    problem = models.CharField(max_length=200, blank=True, default="")  # why it cannot be worked out

    class Meta:
        db_table = "seal_late_check"


class LateLine(models.Model):
    """迟到账: one sealed line that today's data would make another, or for which adjustments exist. Derived.

    `current_amount` NULL: the rule has no answer with today's facts (资料待补). `subject` as on `AdjustmentLine`.
    """

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="late_lines")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)
    subject = models.BigIntegerField()
    child = models.ForeignKey(Child, on_delete=models.PROTECT, null=True)
    row_code = models.CharField(max_length=32, blank=True)  # of the sealed line; empty: none was sealed
    sealed_amount = models.DecimalField(max_digits=10, decimal_places=2)
    current_amount = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    reason_code = models.CharField(max_length=32)
    arrived_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField()
    derivation = models.JSONField(null=True)  # today's

    class Meta:
        db_table = "seal_late_line"
        constraints = [
            models.UniqueConstraint(fields=["seal", "institution", "subject"], name="seal_late_line_key")
        ]
