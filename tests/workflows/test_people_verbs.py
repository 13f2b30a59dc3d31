"""转办, 加签, 抄送, 催办: the happy path of each, every refusal, and what history says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import make_user
from tests.workflows.denials import refused
from tests.workflows.world import World, fresh
from workflows.models import Invitation, ProcessEvent
from workflows.selectors import queue, task_detail


@pytest.fixture
def colleague(reviewing: World) -> Any:
    return make_user("township_reviewer", region_code=reviewing.cast.sanjiang.code, display_name="赵同事")


def last_event(kind: str) -> ProcessEvent:
    return ProcessEvent.objects.filter(kind=kind).order_by("-id")[0]


# --- 转办 ------------------------------------------------------------------------------------------------
def test_from_hand_to_hand(reviewing: World, colleague: Any) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)
    reviewing.act(task, cast.town_sanjiang, "claim")
    result = reviewing.act(task, cast.town_sanjiang, "reassign", comment="出差", person_ids=(colleague.pk,))
    assert (result.status, result.action) == ("claimed", "reassign")
    task.refresh_from_db()
    assert (task.owner, task.status) == (colleague, "ASSIGNED")
    event = last_event("reassigned")
    assert (event.actor_name, event.comment) == ("王三江", "出差")
    assert (event.detail["from_name"], event.detail["to_name"]) == ("王三江", "赵同事")
    with refused(409, "task_claimed_by_other", "该任务已由 赵同事 认领"):
        reviewing.complete(task, cast.town_sanjiang, "approved")
    reviewing.complete(task, colleague, "approved")


def test_the_manager_of_a_county_hands_out_and_takes_away(reviewing: World, colleague: Any) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)
    reviewing.act(task, cast.county_one, "reassign", comment="王三江休假", person_ids=(colleague.pk,))
    assert last_event("assigned").detail == {
        "from_id": None,
        "from_name": "",
        "to_id": colleague.pk,
        "to_name": "赵同事",
    }
    reviewing.act(task, cast.county_one, "reassign", comment="销假", person_ids=(cast.town_sanjiang.pk,))
    task.refresh_from_db()
    assert task.owner == cast.town_sanjiang


def test_refusals_of_reassign(reviewing: World, colleague: Any) -> None:
    cast = reviewing.cast
    nowhere, jasmine = cast.nowhere, cast.jasmine
    task = reviewing.open_task("review_township", jasmine)

    def hand(actor: Any, *people: Any, comment: str = "出差") -> None:
        reviewing.act(
            task, actor, "reassign", comment=comment, person_ids=tuple(person.pk for person in people)
        )

    with refused(403, "not_holder", "只有办理人和任务管理人可以转办"):
        hand(cast.town_sanjiang, colleague)  # it is nobody's yet
    with refused(404, "task_not_found"):
        hand(cast.town_luoshan, colleague)
    reviewing.act(task, cast.town_sanjiang, "claim")
    with refused(403, "not_holder"):
        hand(colleague, colleague)
    with refused(400, "comment_required", "请写明转办的原因"):
        hand(cast.town_sanjiang, colleague, comment=" ")
    for people in ((), (colleague, cast.county_one)):
        with refused(400, "person_required"):
            hand(cast.town_sanjiang, *people)
    colleague.is_active = False
    colleague.save()
    with refused(400, "person_unknown"):
        hand(cast.town_sanjiang, colleague)
    with refused(409, "already_holder", "该任务已在 王三江 手上"):
        hand(cast.town_sanjiang, cast.town_sanjiang)
    with refused(409, "target_not_eligible", "不能转办给 吴鹿山: 该任务不在吴鹿山的岗位范围内"):
        hand(cast.town_sanjiang, cast.town_luoshan)
    with refused(409, "target_not_eligible"):
        hand(cast.town_sanjiang, cast.auditor)
    with refused(409, "target_not_eligible", "不能转办给 陈审核: 该机构应由其所在乡镇街道初审"):
        hand(cast.town_sanjiang, cast.county_one)
    # 云朵: county_two reviewed it for the township, so the county level is closed to them, handed over or not.
    reviewing.complete(reviewing.open_task("review_township", nowhere), cast.county_two, "approved")
    task = reviewing.open_task("review_county", nowhere)
    reviewing.act(task, cast.county_one, "claim")
    with refused(
        409, "target_not_eligible", "不能转办给 沈复核: 沈复核已办理过本月该机构的初审, 不能再做县级审核"
    ):
        hand(cast.county_one, cast.county_two)
    reviewing.complete(task, cast.county_one, "approved")
    with refused(409, "task_not_open"):
        hand(cast.county_one, cast.county_two)


# --- 加签 ------------------------------------------------------------------------------------------------
def test_the_decision_waits_for_the_opinion(reviewing: World, colleague: Any) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)
    asked = (colleague.pk, cast.county_two.pk)
    reviewing.act(
        task, cast.town_sanjiang, "consult", comment="9 日两名婴幼儿同一设备, 是否属实?", person_ids=asked
    )
    task.refresh_from_db()
    assert task.owner == cast.town_sanjiang  # asking claims
    sentence = "正在等待 赵同事、沈复核 的意见, 答复或撤回加签后才能办理"
    with refused(409, "opinion_pending", sentence):
        reviewing.complete(task, cast.town_sanjiang, "approved")
    detail = task_detail(actor=fresh(cast.town_sanjiang), task_id=task.pk)
    approve = next(one for one in detail.capabilities if one.action == "approved")
    assert (approve.reason_code, approve.reason) == ("opinion_pending", sentence)
    reviewing.act(task, colleague, "opinion", comment="属实, 双胞胎")
    with refused(403, "not_asked"):
        reviewing.act(task, colleague, "opinion", comment="再说一次")
    reviewing.act(task, cast.county_two, "opinion", comment="同意初审意见")
    event = last_event("opinion")
    assert (event.actor_name, event.comment, event.duty) == ("沈复核", "同意初审意见", "consult")
    reviewing.complete(task, cast.town_sanjiang, "approved")
    first = Invitation.objects.order_by("id")[0]
    assert (first.opinion, first.by_name) == ("属实, 双胞胎", "王三江")
    # Advice is no review: whoever was asked still reviews at their own level.
    reviewing.complete(reviewing.open_task("review_county", cast.jasmine), cast.county_two, "approved")


def test_the_question_is_taken_back(reviewing: World, colleague: Any) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)
    asked = (colleague.pk, cast.county_two.pk)
    reviewing.act(task, cast.town_sanjiang, "consult", comment="请看一下", person_ids=asked)
    reviewing.act(task, cast.town_sanjiang, "consult_cancel", person_ids=(colleague.pk,))
    with refused(403, "not_asked"):
        reviewing.act(task, colleague, "opinion", comment="晚了")
    with refused(409, "opinion_pending", "正在等待 沈复核 的意见, 答复或撤回加签后才能办理"):
        reviewing.complete(task, cast.town_sanjiang, "approved")
    reviewing.act(task, cast.town_sanjiang, "consult_cancel")
    with refused(409, "nobody_asked"):
        reviewing.act(task, cast.town_sanjiang, "consult_cancel")
    reviewing.complete(task, cast.town_sanjiang, "approved")
    assert last_event("consult_cancelled").detail["to_name"] == "沈复核"


def test_refusals_of_consult(reviewing: World, colleague: Any) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)

    def ask(actor: Any, *people: Any, comment: str = "请看一下") -> None:
        reviewing.act(
            task, actor, "consult", comment=comment, person_ids=tuple(person.pk for person in people)
        )

    with refused(403, "permission_denied"):
        ask(cast.auditor, colleague)
    with refused(403, "not_your_region"):
        ask(cast.county_one, colleague)
    with refused(400, "comment_required"):
        ask(cast.town_sanjiang, colleague, comment="")
    with refused(400, "person_required"):
        ask(cast.town_sanjiang)
    with refused(400, "person_is_self"):
        ask(cast.town_sanjiang, cast.town_sanjiang)
    with refused(409, "target_not_eligible", "不能邀请 吴鹿山: 该任务不在吴鹿山的岗位范围内"):
        ask(cast.town_sanjiang, cast.town_luoshan)
    with refused(409, "target_not_eligible"):
        ask(cast.town_sanjiang, cast.system_admin)
    ask(cast.town_sanjiang, cast.county_two)
    with refused(409, "already_asked", "已在征求 沈复核 的意见"):
        ask(cast.town_sanjiang, cast.county_two)
    with refused(409, "task_claimed_by_other"):
        ask(colleague, cast.county_one)
    with refused(403, "not_holder"):
        reviewing.act(task, colleague, "consult_cancel")
    with refused(400, "comment_required"):
        reviewing.act(task, cast.county_two, "opinion", comment=" ")


# --- 抄送 ------------------------------------------------------------------------------------------------
def test_copies_carry_a_receipt(reviewing: World, colleague: Any) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)
    with refused(403, "not_holder"):
        reviewing.act(task, cast.town_sanjiang, "copy", person_ids=(colleague.pk,))
    reviewing.act(task, cast.town_sanjiang, "claim")
    reviewing.act(
        task, cast.town_sanjiang, "copy", comment="供参考", person_ids=(colleague.pk, cast.leader.pk)
    )
    with refused(409, "already_copied", "已抄送过 赵同事"):
        reviewing.act(task, cast.town_sanjiang, "copy", person_ids=(colleague.pk,))
    with refused(409, "target_not_eligible"):
        reviewing.act(task, cast.town_sanjiang, "copy", person_ids=(cast.stranger.pk,))
    with refused(409, "nothing_to_read"):
        reviewing.act(task, cast.county_one, "read")
    reviewing.complete(task, cast.town_sanjiang, "approved")  # a copy keeps nobody waiting
    reviewing.act(task, cast.town_sanjiang, "copy", person_ids=(cast.auditor.pk,))  # also afterwards
    reviewing.act(task, cast.leader, "read")
    with refused(409, "nothing_to_read"):
        reviewing.act(task, cast.leader, "read")
    detail = task_detail(actor=fresh(cast.town_sanjiang), task_id=task.pk)
    assert [(one.person_name, one.kind, one.read_at is not None) for one in detail.invitations] == [
        ("赵同事", "copy", False),
        ("孙领导", "copy", True),
        ("钱审计", "copy", False),
    ]


# --- 催办 ------------------------------------------------------------------------------------------------
def test_reminded_once_in_four_hours(
    reviewing: World, colleague: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)
    for person, code in ((cast.auditor, "permission_denied"), (cast.operator_jasmine, "permission_denied")):
        with refused(403, code):
            reviewing.act(task, person, "remind")
    reviewing.act(task, cast.county_one, "remind")
    assert last_event("reminded").detail == {"people": 2, "to_name": ""}  # both reviewers of the township
    moment = timezone.localtime(last_event("reminded").at)
    with refused(429, "reminded_recently", f"陈审核 已于 {moment:%H:%M} 催办过, 4 小时内不再重复"):
        reviewing.act(task, cast.county_two, "remind")
    later = timezone.now() + timedelta(hours=4, seconds=1)
    with monkeypatch.context() as patched:
        patched.setattr("django.utils.timezone.now", lambda: later)
        reviewing.act(task, cast.county_two, "remind")
    reviewing.act(task, cast.town_sanjiang, "claim")
    with refused(409, "own_task"):
        reviewing.act(task, cast.town_sanjiang, "remind")


def test_nobody_to_remind(reviewing: World) -> None:
    cast = reviewing.cast
    cast.town_sanjiang.is_active = False
    cast.town_sanjiang.save()
    task = reviewing.open_task("review_township", cast.jasmine)
    with refused(409, "nobody_eligible"):
        reviewing.act(task, cast.county_one, "remind")
    assert queue(actor=fresh(cast.town_sanjiang)).results == ()
