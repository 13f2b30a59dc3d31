"""Message centre (消息中心): messages to people."""

from django.conf import settings
from django.db import models


class Message(models.Model):
    """One message to one person. `key` makes sending idempotent; no personal data in title or body."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    key = models.CharField(max_length=128, unique=True)
    kind = models.CharField(max_length=32)  # task_assigned, task_returned, cycle_evaluated, job_failed …
    title = models.CharField(max_length=120)
    body = models.CharField(max_length=500, blank=True, default="")
    link = models.CharField(max_length=200, blank=True, default="")  # front-end route, e.g. /tasks/12
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_message"
        indexes = [models.Index(fields=["recipient", "read_at", "id"], name="messaging_message_box")]
