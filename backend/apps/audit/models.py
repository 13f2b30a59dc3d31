"""Audit events (数据操作审计): who did what to which row, append-only."""

from django.db import models


class AuditEvent(models.Model):
    """One act. Names are text so that history survives renaming; `detail` holds ids and codes, never personal data."""

    append_only = True

    at = models.DateTimeField(db_index=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=64)
    action = models.CharField(max_length=64, db_index=True)  # past tense, e.g. subsidy.cycle.evaluated
    target_type = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64)
    county_code = models.CharField(max_length=12, blank=True, default="")
    succeeded = models.BooleanField(default=True)
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_event"
        indexes = [models.Index(fields=["target_type", "target_id"], name="audit_event_target")]
