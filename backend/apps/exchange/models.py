"""Outbox (送达): what must happen after a commit, drained by a job until a receipt exists."""

from django.db import models


class Delivery(models.Model):
    """One outbound delivery. `key` makes adding idempotent; `payload` holds ids only."""

    class State(models.TextChoices):
        PENDING = "pending", "待送达"
        DELIVERED = "delivered", "已送达"
        FAILED = "failed", "送达失败"

    topic = models.CharField(max_length=64)
    key = models.CharField(max_length=128, unique=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    receipt = models.CharField(max_length=200, blank=True, default="")
    incident = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "exchange_delivery"
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="exchange_delivery_due")]
