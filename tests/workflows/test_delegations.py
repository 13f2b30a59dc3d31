"""委托: who may stand in, for how long, in both names, with the duties of both, never chained."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.apps.messaging.models import Message
from backend.apps.subsidy.models import StatementDecision
from tests.factories import make_user
from tests.workflows.denials import refused
from tests.workflows.world import World, fresh
from workflows.actions import ActionPayload
from workflows.models import Delegation, ProcessEvent
from workflows.runner import run_pending
from workflows.selectors import queue, task_detail
from workflows.services import delegation_make, delegation_revoke

TOWNSHIP, EVALUATE = "subsidy.review_township", "subsidy.evaluate_cycle"


def delegate(
    person: Any,
    to: Any,
    permission: str = TOWNSHIP,
    *,
    days: int = 5,
    starts: date | None = None,
    reason: str = "年休假",
) -> int:
    begins = starts or timezone.localdate()
    made = delegation_make(
        actor=fresh(person),
        delegate_id=to.pk,
        permission=permission,
        starts_on=begins,
        ends_on=begins + timedelta(days=days - 1),
        payload=ActionPayload(comment=reason),
    )
    assert made.delegation_id is not None
    return made.delegation_id


def test_acts_in_both_names_and_counts_for_both(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    task = reviewing.open_task("review_township", jasmine)
    with refused(403, "not_your_region"):
        reviewing.complete(task, cast.county_one, "approved")
    delegate(cast.town_sanjiang, cast.county_one)
    run_pending(until_idle=True, timeout=30)
    assert Message.objects.get(kind="step_delegated").recipient == cast.county_one
    assert task.pk in [row.id for row in queue(actor=fresh(cast.county_one)).results]
    assert task_detail(actor=fresh(cast.county_one), task_id=task.pk).acting_for == "王三江"
    reviewing.complete(task, cast.county_one, "approved")
    row = StatementDecision.objects.get()
    assert (row.by_name, row.principal_name) == ("陈审核", "王三江")
    event = ProcessEvent.objects.get(kind="decided", statement_id=row.statement_id)
    assert (event.actor_name, event.principal_name, event.duty) == ("陈审核", "王三江", "review_township")
    county = reviewing.open_task("review_county", jasmine)
    with refused(403, "duty_conflict", "您已办理过本月该机构的初审, 不能再做县级审核"):
        reviewing.complete(county, cast.county_one, "approved")
    both = make_user("county_reviewer", region_code=cast.county.code, display_name="两岗")
    reviewing.complete(county, both, "approved")


def test_the_duties_of_the_principal_are_asked_as_well(reviewing: World) -> None:
    """云朵 was reviewed for its township by 沈复核, who then goes away: nobody can review for them at county level."""
    nowhere, cast = reviewing.cast.nowhere, reviewing.cast
    reviewing.complete(reviewing.open_task("review_township", nowhere), cast.county_two, "approved")
    task = reviewing.open_task("review_county", nowhere)
    delegate(cast.county_two, cast.leader, "subsidy.review_county")
    with refused(403, "duty_conflict", "委托人 沈复核 已办理过本月该机构的初审, 不能再做县级审核"):
        reviewing.complete(task, cast.leader, "approved")
    assert queue(actor=fresh(cast.leader)).results == ()


def test_a_deputy_evaluates_for_the_evaluator(reviewing: World) -> None:
    cast = reviewing.cast
    reviewing.approve_all()
    delegate(cast.evaluator, cast.leader, EVALUATE)
    reviewing.evaluate(cast.leader)
    reviewing.run()
    header = reviewing.cycle.snapshot.header
    assert (header["evaluation"]["by"], header["evaluation"]["principal"]) == ("孙领导", "赵评定")
    assert {(row["person"]) for row in header["duties"] if row["step"] == "evaluate"} == {"孙领导", "赵评定"}
    assert header["breaches"] == []


def test_ends_by_itself_and_by_hand(reviewing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)
    first = delegate(cast.town_sanjiang, cast.county_one, days=2)
    today = timezone.localdate()
    for later, allowed in ((0, True), (1, True), (2, False)):
        with monkeypatch.context() as patched:
            patched.setattr(
                "django.utils.timezone.localdate", lambda days=later: today + timedelta(days=days)
            )
            found = [row.id for row in queue(actor=fresh(cast.county_one)).results]
            assert (task.pk in found) is allowed
    delegation_revoke(actor=fresh(cast.town_sanjiang), delegation_id=first, payload=ActionPayload())
    with refused(403, "not_your_region"):
        reviewing.complete(task, cast.county_one, "approved")
    with refused(409, "delegation_ended"):
        delegation_revoke(actor=fresh(cast.town_sanjiang), delegation_id=first, payload=ActionPayload())
    tomorrow = timezone.localdate() + timedelta(days=1)
    delegate(cast.town_sanjiang, cast.county_one, starts=tomorrow)  # not in force yet
    with refused(403, "not_your_region"):
        reviewing.complete(task, cast.county_one, "approved")


def test_refusals(reviewing: World) -> None:
    cast = reviewing.cast
    person = cast.town_sanjiang
    with refused(403, "permission_denied"):
        delegate(person, cast.leader, EVALUATE)
    with refused(400, "step_unknown"):
        delegate(person, cast.county_one, "subsidy.open_cycle")
    with refused(400, "person_is_self"):
        delegate(person, person)
    with refused(400, "comment_required"):
        delegate(person, cast.county_one, reason=" ")
    for days, starts in ((0, None), (93, None), (1, timezone.localdate() - timedelta(days=1))):
        with refused(400, "period_invalid"):
            delegate(person, cast.county_one, days=days, starts=starts)
    for other, sentence in (
        (cast.auditor, "不能委托给 钱审计: 钱审计的岗位不能代办“乡镇街道初审”"),
        (cast.operator_jasmine, None),
        (cast.system_admin, None),
        (cast.evaluator, None),
        (cast.town_luoshan, "不能委托给 吴鹿山: 委托人的范围不全在吴鹿山的岗位范围内"),
        (cast.stranger, None),
    ):
        with refused(409, "target_not_eligible", sentence):
            delegate(person, other)
    delegate(person, cast.county_one)
    with refused(409, "delegation_overlaps"):
        delegate(person, cast.county_two)
    with refused(404, "delegation_not_found"):
        delegation_revoke(
            actor=fresh(cast.county_one),
            delegation_id=Delegation.objects.get().pk,
            payload=ActionPayload(),
        )


def test_no_chains(reviewing: World) -> None:
    """What was handed to somebody cannot be handed on, and nobody stands in who has gone away themselves."""
    cast = reviewing.cast
    colleague = make_user("township_reviewer", region_code=cast.sanjiang.code, display_name="赵同事")
    delegate(colleague, cast.county_two)
    with refused(409, "delegation_chain", "赵同事 在此期间已把这个环节委托他人"):
        delegate(cast.town_sanjiang, colleague)
    delegate(cast.town_sanjiang, cast.county_one)
    third = make_user("county_reviewer", region_code=cast.county.code, display_name="第三人")
    delegate(
        cast.county_one, third
    )  # hands over what county_one holds by an own role: townships still unknown
    task = reviewing.open_task("review_township", cast.jasmine)
    with refused(403, "not_your_region"):
        reviewing.complete(task, third, "approved")
    reviewing.complete(task, cast.county_one, "approved")
