"""One person before one task: every question of `access`, asked of the database at most once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.subsidy.selectors.blockers import Blocker, content_blockers
from backend.apps.subsidy.selectors.content import StatementContent, statement_contents
from backend.apps.subsidy.selectors.cycle_content import CycleContent, cycle_content
from backend.apps.subsidy.selectors.duties import cycle_decisions
from backend.apps.subsidy.selectors.preflight import preflight_of
from backend.common.errors import Conflict, DomainError, Forbidden
from workflows.access.delegations import delegators_of
from workflows.access.rows import REACH_TEXT, VIEW, covers, reaches
from workflows.duties import duty_conflicts
from workflows.history import Subject, subject_of
from workflows.models import Invitation, ProcessEvent
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
        self.decided_on: StatementContent | None = None  # what a decision was about, read under its locks
        self.found: dict[str, Any] = {}  # what a refusal looked up and its act needs

    def renew(self) -> None:
        """After an act: what is possible now is asked again; who this person is has not changed."""
        for name in ("cancelled_refusal", "closed_refusal", "state_refusal", "opinion_refusal"):
            self.__dict__.pop(name, None)
        self.found.clear()
        for name in ("content", "blockers", "events"):
            self.__dict__.pop(name, None)

    # --- rows ---------------------------------------------------------------------------------------
    def visible(self) -> bool:
        return covers(scope_of(self.actor, permission=VIEW), self.subject)

    # --- may they ever ------------------------------------------------------------------------------
    @cached_property
    def person_refusal(self) -> DomainError | None:
        """By their own role, or for somebody who delegated the step to them; the duties of both are looked at."""
        refusal = self.role_refusal
        if refusal is not None and self.principal is None:
            return refusal
        conflict = self._conflicts.get(self.actor.pk)
        if conflict is None and self.principal is not None and self.principal.pk in self._conflicts:
            name = f"委托人 {self.principal.display_name} "
            conflict = self._conflicts[self.principal.pk].replace("您", name, 1)
        return None if conflict is None else Forbidden("duty_conflict", conflict)

    @property
    def role_refusal(self) -> DomainError | None:
        """By their own role alone: the step's permission, over these rows."""
        return self._role_refusal(self.actor)

    def _role_refusal(self, person: User) -> DomainError | None:
        permission = self.node.permission
        if not person.has_perm(permission):
            return Forbidden("permission_denied", f"您没有办理“{self.node.task_title}”的权限")
        if not reaches(self.node.reach, scope_of(person, permission=permission), self.subject):
            return Forbidden("not_your_region", REACH_TEXT[self.node.reach])
        return None

    @cached_property
    def standing_for(self) -> list[User]:
        """委托人: whose role the actor may use here today, when their own does not reach; the first made comes first."""
        if self.role_refusal is None:
            return []
        return [
            person
            for person in delegators_of(self.actor, permission=self.node.permission)
            if self._role_refusal(person) is None
        ]

    @cached_property
    def principal(self) -> User | None:
        """Whom the actor acts for at this task; None when they act in their own right, or not at all."""
        free = (person for person in self.standing_for if person.pk not in self._conflicts)
        return next(free, next(iter(self.standing_for), None))

    @cached_property
    def _conflicts(self) -> dict[int, str]:
        """Who of the actor and those they may stand for is kept from this step by their part in the month; one query."""
        people = [self.actor.pk, *(person.pk for person in self.standing_for)]
        return duty_conflicts(people, duty=self.node.duty, subject=self.subject)

    def decision_refusal(self, decision: Decision) -> DomainError | None:
        if decision.permission and not (self.principal or self.actor).has_perm(decision.permission):
            return Forbidden("permission_denied", f"您没有“{decision.title}”的权限")
        return None

    # --- is it possible now -------------------------------------------------------------------------
    @cached_property
    def cancelled_refusal(self) -> DomainError | None:
        parent = self.process.parent_task.process if self.process.parent_task_id else self.process
        if PROCESS.CANCELED in (self.process.status, parent.status):
            return Conflict("cycle_cancelled", "本月度周期已取消")
        return None

    @cached_property
    def closed_refusal(self) -> DomainError | None:
        if self.cancelled_refusal is not None:
            return self.cancelled_refusal
        if self.task.status not in OPEN:
            return Conflict("task_not_open", "该任务已办结或已取消, 请刷新")
        return None

    @cached_property
    def state_refusal(self) -> DomainError | None:
        if self.closed_refusal is not None:
            return self.closed_refusal
        if self.task.owner_id not in (None, self.actor.pk):
            return Conflict("task_claimed_by_other", f"该任务已由 {self.task.owner.display_name} 认领")
        return None

    @cached_property
    def opinion_refusal(self) -> DomainError | None:
        """加签: the decision waits for every opinion that was asked for."""
        if not self.waiting_opinions:
            return None
        people = "、".join(one.person.display_name for one in self.waiting_opinions)
        return Conflict("opinion_pending", f"正在等待 {people} 的意见, 答复或撤回加签后才能办理")

    # --- what happened at the task ------------------------------------------------------------------
    @cached_property
    def events(self) -> list[ProcessEvent]:
        """办理记录 of the process, oldest first."""
        return list(ProcessEvent.objects.filter(process_id=self.process.pk).order_by("id"))

    @cached_property
    def invitations(self) -> list[Invitation]:
        """Colleagues asked or let know; no query where the task was loaded with the note that there are none."""
        if self.task.__dict__.get("invited") is False:
            return []
        return list(Invitation.objects.filter(task=self.task).select_related("person").order_by("id"))

    def invitations_changed(self) -> None:
        self.task.__dict__["invited"] = True
        self.__dict__.pop("invitations", None)

    @property
    def waiting_opinions(self) -> list[Invitation]:
        return [one for one in self.invitations if one.waiting]

    @property
    def copies(self) -> list[Invitation]:
        return [one for one in self.invitations if one.kind == Invitation.Kind.COPY]

    # --- content ------------------------------------------------------------------------------------
    @cached_property
    def content(self) -> StatementContent | CycleContent:
        """What the step is about, exactly as shown; read once for the hash and for what is in the way."""
        cycle, statement = self.subject.cycle, self.subject.statement
        if statement is None:
            return cycle_content(cycle)
        return statement_contents([statement], cycle=cycle)[0]

    @property
    def content_hash(self) -> str:
        """Empty where the step binds no content, or nothing is to be decided any more."""
        binds = self.node.binds_content and self.task.status in OPEN
        return self.content.content_hash if binds else ""

    @cached_property
    def blockers(self) -> tuple[Blocker, ...]:
        """What is unsettled; the domain services refuse a clean decision with the same selectors."""
        if isinstance(self.content, StatementContent):
            return content_blockers(self.content, step=self.node.name)
        return preflight_of(self.content, cycle_decisions(self.subject.cycle)).blockers

    @property
    def unsettled_refusal(self) -> DomainError | None:
        """What keeps a clean decision from being taken."""
        if not self.blockers:
            return None
        verb = "评定" if self.subject.statement is None else "通过"
        return Conflict(
            self.blockers[0].code, f"不可{verb}: " + "; ".join(found.message for found in self.blockers)
        )

    # --- answers ------------------------------------------------------------------------------------
    @property
    def taking_refusal(self) -> DomainError | None:
        """Why this person may not work at the task: what claiming and deciding have in common."""
        return self.person_refusal or self.state_refusal
