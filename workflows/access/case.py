"""One person before one task: every question of `access`, asked of the database at most once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.subsidy.selectors.blockers import content_blockers
from backend.apps.subsidy.selectors.content import StatementContent, statement_contents
from backend.apps.subsidy.selectors.preflight import CyclePreflight, cycle_preflight
from backend.common.errors import Conflict, DomainError, Forbidden
from workflows.access.rows import REACH_TEXT, VIEW, covers, reaches
from workflows.duties import duty_conflict
from workflows.history import Subject, subject_of
from workflows.nodes import Decision, HumanTask

OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)


class Case:
    """One person before one task; asks each question of the database at most once."""

    def __init__(self, activation: Any, actor: User) -> None:
        self.activation = activation
        self.task = activation.task
        self.node: HumanTask = activation.flow_task
        self.process = activation.process
        self.actor = actor
        self.subject: Subject = subject_of(activation.process)

    def renew(self) -> None:
        """After an act: what is possible now is asked again; who this person is has not changed."""
        for name in ("state_refusal", "unsettled_refusal", "_content"):
            self.__dict__.pop(name, None)

    # --- rows ---------------------------------------------------------------------------------------
    def visible(self) -> bool:
        return covers(scope_of(self.actor, permission=VIEW), self.subject)

    # --- may they ever ------------------------------------------------------------------------------
    @cached_property
    def person_refusal(self) -> DomainError | None:
        permission = self.node.permission
        if not self.actor.has_perm(permission):
            return Forbidden("permission_denied", f"您没有办理“{self.node.task_title}”的权限")
        if not reaches(self.node.reach, scope_of(self.actor, permission=permission), self.subject):
            return Forbidden("not_your_region", REACH_TEXT[self.node.reach])
        conflict = duty_conflict(actor=self.actor, duty=self.node.duty, subject=self.subject)
        return None if conflict is None else Forbidden("duty_conflict", conflict)

    def decision_refusal(self, decision: Decision) -> DomainError | None:
        if decision.permission and not self.actor.has_perm(decision.permission):
            return Forbidden("permission_denied", f"您没有“{decision.title}”的权限")
        return None

    # --- is it possible now -------------------------------------------------------------------------
    @cached_property
    def state_refusal(self) -> DomainError | None:
        parent = self.process.parent_task.process if self.process.parent_task_id else self.process
        if PROCESS.CANCELED in (self.process.status, parent.status):
            return Conflict("cycle_cancelled", "本月度周期已取消")
        if self.task.status not in OPEN:
            return Conflict("task_not_open", "该任务已办结或已取消, 请刷新")
        if self.task.owner_id not in (None, self.actor.pk):
            return Conflict("task_claimed_by_other", f"该任务已由 {self.task.owner.display_name} 认领")
        return None

    @cached_property
    def _content(self) -> StatementContent | CyclePreflight:
        """What the step is about, exactly as shown; read once for the hash and for what is in the way."""
        cycle, statement = self.subject.cycle, self.subject.statement
        if statement is None:
            return cycle_preflight(cycle)
        return statement_contents([statement], cycle=cycle)[0]

    @property
    def content_hash(self) -> str:
        """Empty where the step binds no content, or nothing is to be decided any more."""
        binds = self.node.binds_content and self.task.status in OPEN
        return self._content.content_hash if binds else ""

    @cached_property
    def unsettled_refusal(self) -> DomainError | None:
        """What keeps a clean decision from being taken; the domain services refuse with the same selectors."""
        content = self._content
        if isinstance(content, StatementContent):
            verb, blockers = "通过", content_blockers(content, step=self.node.name)
        else:
            verb, blockers = "评定", content.blockers
        if not blockers:
            return None
        return Conflict(blockers[0].code, f"不可{verb}: " + "; ".join(found.message for found in blockers))

    # --- answers ------------------------------------------------------------------------------------
    @property
    def taking_refusal(self) -> DomainError | None:
        """Why this person may not work at the task: what claiming and deciding have in common."""
        return self.person_refusal or self.state_refusal
