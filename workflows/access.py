"""Who may do what at a task, now: the predicates that `perform` raises and `capabilities` explains.

Three questions, in this order: does this person see the row at all (404 if not), may they ever do this here
(403), is it possible now (409). Every answer comes from here, so a button and its refusal cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property, partial
from typing import Any

from django.db.models import Q
from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.accounts.domain.scope import Scope
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.subsidy.selectors.blockers import content_blockers
from backend.apps.subsidy.selectors.content import StatementContent, statement_contents
from backend.apps.subsidy.selectors.preflight import CyclePreflight, cycle_preflight
from backend.common.errors import Conflict, DomainError, Forbidden
from workflows.actions import ACTION_TITLES, CLAIM, RELEASE, Capability
from workflows.duties import acts_beside, duty_conflict, without_conflict
from workflows.history import Subject, subject_of
from workflows.nodes import Decision, HumanTask, Reach

# Seeing a task: the administrators (三员) have no part in amounts, and no other role widens what this one reaches.
VIEW = "subsidy.view_statement"
OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)


class Case:
    """One person before one task; asks each question of the database at most once."""

    def __init__(self, activation: Any, actor: User) -> None:
        self.task = activation.task
        self.node: HumanTask = activation.flow_task
        self.process = activation.process
        self.actor = actor
        self.subject: Subject = subject_of(activation.process)

    # --- rows ---------------------------------------------------------------------------------------
    def visible(self) -> bool:
        return _covers(scope_of(self.actor, permission=VIEW), self.subject)

    # --- may they ever ------------------------------------------------------------------------------
    @cached_property
    def person_refusal(self) -> DomainError | None:
        permission = self.node.permission
        if not self.actor.has_perm(permission):
            return Forbidden("permission_denied", f"您没有办理“{self.node.task_title}”的权限")
        if not _reaches(self.node.reach, scope_of(self.actor, permission=permission), self.subject):
            return Forbidden("not_your_region", _REACH_TEXT[self.node.reach])
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
    def release_refusal(self) -> DomainError | None:
        if self.state_refusal is not None:
            return self.state_refusal
        if self.task.owner_id is None:
            return Conflict("task_not_claimed", "该任务尚未认领")
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
        """Empty where the step binds no content."""
        return self._content.content_hash if self.node.binds_content else ""

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
    def refusal_to_claim(self) -> DomainError | None:
        return self.person_refusal or self.state_refusal

    def refusal_to_release(self) -> DomainError | None:
        return self.release_refusal

    def refusal_to_decide(self, decision: Decision) -> DomainError | None:
        """Without the unsettled things: the domain service looks at them together with the content hash."""
        return self.person_refusal or self.decision_refusal(decision) or self.state_refusal

    def capabilities(self) -> list[Capability]:
        return [self._capability(*entry) for entry in self._entries()]

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], DomainError | None]]]:
        yield CLAIM, ACTION_TITLES[CLAIM], self._refusal_to_show_claim
        yield RELEASE, ACTION_TITLES[RELEASE], self.refusal_to_release
        for decision in self.node.decisions:
            yield decision.code, decision.title, partial(self._refusal_to_show, decision)

    def _refusal_to_show(self, decision: Decision) -> DomainError | None:
        return self.refusal_to_decide(decision) or (self.unsettled_refusal if decision.clean else None)

    def _refusal_to_show_claim(self) -> DomainError | None:
        refusal = self.refusal_to_claim()
        if refusal is None and self.task.owner_id == self.actor.pk:
            return Conflict("task_already_claimed", "您已认领该任务")
        return refusal

    def _capability(self, action: str, title: str, ask: Callable[[], DomainError | None]) -> Capability:
        refusal = ask()
        if refusal is None:
            return Capability(action=action, title=title, allowed=True)
        return Capability(
            action=action, title=title, allowed=False, reason_code=refusal.code, reason=refusal.message
        )


_REACH_TEXT = {
    Reach.INSTITUTION: "该机构不在您的岗位范围内",
    Reach.TOWNSHIP: "该机构应由其所在乡镇街道初审",
    Reach.COUNTY: "该县(市、区)不在您的岗位范围内",
}


def _covers(scope: Scope, subject: Subject) -> bool:
    county = subject.cycle.county_id
    if subject.statement is None:
        return scope.covers_county(county)
    institution = subject.statement.institution
    return scope.covers(
        county_code=county, township_code=institution.township_id, institution_id=institution.pk
    )


def _reaches(reach: Reach, scope: Scope, subject: Subject) -> bool:
    county = subject.cycle.county_id
    if subject.statement is None or reach is Reach.COUNTY:
        return scope.covers_county(county)
    institution = subject.statement.institution
    if reach is Reach.INSTITUTION:
        return institution.pk in scope.institution_ids
    if institution.township_id is None:  # 乡镇街道待补: somebody at county level stands in
        return scope.covers_county(county)
    return institution.township_id in scope.township_codes


# --- the same as conditions on tasks, for lists --------------------------------------------------------
_COUNTY = "place__cycle__county_id"
_INSTITUTION = "place__statement__institution_id"
_TOWNSHIP = "place__statement__institution__township_id"


def _in_counties(scope: Scope) -> Q:
    condition = Q(**{f"{_COUNTY}__in": sorted(scope.county_codes)})
    for prefix in sorted(scope.wider_prefixes):
        condition |= Q(**{f"{_COUNTY}__startswith": prefix})
    return condition


def tasks_visible(actor: User) -> Q:
    """Tasks whose rows this person may see."""
    scope = scope_of(actor, permission=VIEW)
    return (
        _in_counties(scope)
        | Q(**{f"{_TOWNSHIP}__in": sorted(scope.township_codes)})
        | Q(**{f"{_INSTITUTION}__in": sorted(scope.institution_ids)})
    )


def tasks_eligible(actor: User, nodes: list[HumanTask]) -> Q:
    """Tasks of these steps this person may take: permission, reach and duties, as in `Case.person_refusal`."""
    condition = Q(pk__in=[])
    acts = cache(partial(acts_beside, actor))
    for node in nodes:
        if actor.has_perm(node.permission):
            scope = scope_of(actor, permission=node.permission)
            condition |= (
                Q(flow_task=node)
                & _within_reach(node.reach, scope)
                & without_conflict(actor=actor, duty=node.duty, acts=acts)
            )
    return condition


def _within_reach(reach: Reach, scope: Scope) -> Q:
    if reach is Reach.COUNTY:
        return _in_counties(scope)
    if reach is Reach.INSTITUTION:
        return Q(**{f"{_INSTITUTION}__in": sorted(scope.institution_ids)})
    return Q(**{f"{_TOWNSHIP}__in": sorted(scope.township_codes)}) | (
        Q(**{f"{_TOWNSHIP}__isnull": True}) & _in_counties(scope)
    )
