"""A person before a whole statement or a whole month: acts that belong to no single step."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from viewflow.workflow.status import PROCESS

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.common.errors import Conflict, DomainError, Forbidden
from workflows.access.rows import REACH_TEXT, VIEW, covers
from workflows.duties import Duty, duty_conflict
from workflows.history import Subject
from workflows.nodes import Reach

VIEW_CYCLE = "subsidy.view_cycle"


class CountyCase:
    """What the two have in common: somebody at county level, a month that is neither cancelled nor evaluated."""

    view = VIEW

    def __init__(self, actor: User, subject: Subject, process: Any) -> None:
        self.actor = actor
        self.subject = subject
        self.process = process  # of the subject; None while nothing was started
        self.answered = (
            True  # whether the request's key may have been answered before, see `idempotency.Once`
        )

    def visible(self) -> bool:
        return covers(scope_of(self.actor, permission=self.view), self.subject)

    def county_refusal(self, permission: str, title: str) -> DomainError | None:
        """May this person ever do this here: the permission, over the whole county."""
        if not self.actor.has_perm(permission):
            return Forbidden("permission_denied", f"您没有“{title}”的权限")
        if not scope_of(self.actor, permission=permission).covers_county(self.subject.cycle.county_id):
            return Forbidden("not_your_region", REACH_TEXT[Reach.COUNTY])
        return None

    @cached_property
    def month_refusal(self) -> DomainError | None:
        cycle = self.subject.cycle
        if cycle.cancelled_at is not None:
            return Conflict("cycle_cancelled", "本月度周期已取消")
        if cycle.evaluated_at is not None:
            return Conflict("cycle_already_evaluated", "该月已评定, 不能再改变")
        return None


class StatementCase(CountyCase):
    """A person before a statement under review, or finished."""

    @property
    def statement(self) -> Statement:
        assert self.subject.statement is not None
        return self.subject.statement

    @cached_property
    def duty_refusal(self) -> DomainError | None:
        """To decide about a statement at county level is a county review, wherever the button is."""
        conflict = duty_conflict(actor=self.actor, duty=Duty.REVIEW_COUNTY, subject=self.subject)
        return None if conflict is None else Forbidden("duty_conflict", conflict)

    @cached_property
    def review_refusal(self) -> DomainError | None:
        if self.process is None:
            return Conflict("review_not_started", "该结算单的审核尚未开始")
        return self.month_refusal


class CycleCase(CountyCase):
    """A person before a month."""

    view = VIEW_CYCLE

    @property
    def cycle(self) -> MonthlyCycle:
        return self.subject.cycle

    @cached_property
    def running_refusal(self) -> DomainError | None:
        if self.month_refusal is not None:
            return self.month_refusal
        if self.process is None or self.process.status != PROCESS.NEW:
            return Conflict("cycle_not_running", "该月度周期没有在运行")
        return None
