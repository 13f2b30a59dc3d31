"""Colleagues beside the one who decides: asked for their opinion, sent a copy, acting for somebody absent."""

from django.conf import settings
from django.db import models
from viewflow.workflow.models import Task

from backend.common.guards import Frozen


class Invitation(models.Model):
    """加签 (an opinion the decision waits for) or 抄送 (a copy, with a read receipt): one colleague at one task.

    The answer, once given, stays; so does a withdrawal.
    """

    frozen = Frozen(
        old="OLD.answered_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL OR OLD.read_at IS NOT NULL"
    )

    class Kind(models.TextChoices):
        OPINION = "opinion", "加签"
        COPY = "copy", "抄送"

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="invitations", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    number = models.PositiveSmallIntegerField()  # of its kind at this task
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    by_name = models.CharField(max_length=64)
    text = models.CharField(max_length=500, blank=True, default="")  # the question, or a note beside the copy
    at = models.DateTimeField()
    opinion = models.CharField(max_length=500, blank=True, default="")
    answered_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "workflows_invitation"
        constraints = [
            models.UniqueConstraint(fields=["task", "kind", "number"], name="workflows_invitation_key")
        ]
        indexes = [models.Index(fields=["person", "kind", "id"], name="workflows_invitation_person")]

    @property
    def waiting(self) -> bool:
        return self.kind == self.Kind.OPINION and self.answered_at is None and self.withdrawn_at is None


class Delegation(models.Model):
    """委托: for some days a colleague may take somebody's step for them, in their own name and 代 the other's.

    Ends by itself; what was done under it names both. Only what the person holds by an own role can be handed
    over, so there are no chains.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # 委托人
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # 受托人
    permission = models.CharField(max_length=64)  # of the step, as its node asks for it
    starts_on = models.DateField()
    ends_on = models.DateField()  # the last day
    reason = models.CharField(max_length=300)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "workflows_delegation"
        indexes = [
            models.Index(fields=["delegate", "permission", "ends_on"], name="workflows_delegation_to"),
            models.Index(fields=["person", "permission", "ends_on"], name="workflows_delegation_from"),
        ]
