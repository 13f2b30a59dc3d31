"""Every refusal of `perform`: status, code, sentence, and that nothing changed."""

from __future__ import annotations

import pytest

from tests.apps.months import make_alert
from tests.workflows.denials import refused
from tests.workflows.world import World, content_hash, fresh
from workflows.actions import ActionPayload
from workflows.services import perform


def test_no_such_task(reviewing: World) -> None:
    with refused(404, "task_not_found", "没有这个任务, 或不在您的权限范围内"):
        perform(task_id=999_999, actor=reviewing.cast.county_one, action="claim")


def test_a_job_is_no_task_for_people(reviewing: World) -> None:
    job = reviewing.cycle.run.process.task_set.get(
        flow_task="workflows/flows.monthly_cycle.MonthlyCycleFlow.calculate"
    )
    with refused(404, "task_not_found"):
        perform(task_id=job.pk, actor=reviewing.cast.county_one, action="claim")


def test_unknown_action(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(400, "action_unknown", "没有这个操作: undo"):
        perform(task_id=task.pk, actor=reviewing.cast.town_sanjiang, action="undo")


@pytest.mark.parametrize("person", ["town_luoshan", "stranger", "operator_bamboo", "system_admin_elsewhere"])
def test_out_of_scope_is_not_found(reviewing: World, person: str) -> None:
    cast = reviewing.cast
    if person == "system_admin_elsewhere":
        from tests.factories import make_user

        actor = make_user("county_reviewer", region_code="330699000000")
    else:
        actor = getattr(cast, person)
    task = reviewing.open_task("review_township", cast.jasmine)
    for action in ("claim", "release"):
        with refused(404, "task_not_found"):
            perform(task_id=task.pk, actor=actor, action=action)
    with refused(404, "task_not_found"):
        reviewing.complete(task, actor, "approved")


@pytest.mark.parametrize("person", ["auditor", "leader", "evaluator", "operator_jasmine"])
def test_visible_but_without_permission(reviewing: World, person: str) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    actor = getattr(reviewing.cast, person)
    with refused(403, "permission_denied", "您没有办理“乡镇街道初审”的权限"):
        perform(task_id=task.pk, actor=actor, action="claim")
    with refused(403, "permission_denied"):
        reviewing.complete(task, actor, "approved")


def test_county_does_not_review_for_a_known_township(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(403, "not_your_region", "该机构应由其所在乡镇街道初审"):
        reviewing.complete(task, reviewing.cast.county_one, "approved")


def test_deactivated_person_may_nothing(reviewing: World) -> None:
    actor = reviewing.cast.town_sanjiang
    actor.is_active = False
    actor.save()
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(403, "permission_denied"):
        reviewing.complete(task, actor, "approved")


def test_decided_task(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    seen = content_hash(task)
    reviewing.approve_township(reviewing.cast.jasmine)
    for action, payload in (
        ("claim", ActionPayload()),
        ("release", ActionPayload()),
        ("complete", ActionPayload(decision="approved", content_hash=seen)),
    ):
        with refused(409, "task_not_open", "该任务已办结或已取消, 请刷新"):
            perform(
                task_id=task.pk, actor=fresh(reviewing.cast.town_sanjiang), action=action, payload=payload
            )


def test_claimed_by_somebody_else(reviewing: World) -> None:
    nowhere, cast = reviewing.cast.nowhere, reviewing.cast
    task = reviewing.open_task("review_township", nowhere)
    assert perform(task_id=task.pk, actor=cast.county_two, action="claim").status == "claimed"
    for action in ("claim", "release"):
        with refused(409, "task_claimed_by_other", "该任务已由 沈复核 认领"):
            perform(task_id=task.pk, actor=cast.county_one, action=action)
    with refused(409, "task_claimed_by_other"):
        reviewing.complete(task, cast.county_one, "approved")


def test_release_what_nobody_claimed(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(409, "task_not_claimed", "该任务尚未认领"):
        perform(task_id=task.pk, actor=reviewing.cast.town_sanjiang, action="release")


def test_decision_that_the_step_does_not_know(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(400, "decision_unknown", "“乡镇街道初审”不能这样办理: excluded"):
        reviewing.complete(task, reviewing.cast.town_sanjiang, "excluded", comment="不纳入")


@pytest.mark.parametrize("comment", ["", "   "])
def test_return_without_a_comment(reviewing: World, comment: str) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(400, "comment_required", "退回请填写意见"):
        reviewing.complete(task, reviewing.cast.town_sanjiang, "returned", comment=comment)


def test_identity_number_in_a_comment(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(400, "comment_has_id_number", "意见中请勿填写身份证号"):
        reviewing.complete(
            task, reviewing.cast.town_sanjiang, "returned", comment="请核对330683202401011234的考勤"
        )


def test_content_hash_missing_or_stale(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(400, "content_hash_required"):
        reviewing.complete(task, reviewing.cast.town_sanjiang, "approved", content_hash="")
    with refused(409, "content_changed"):
        reviewing.complete(task, reviewing.cast.town_sanjiang, "approved", content_hash="0" * 64)


def test_open_alert_blocks_approval_and_nothing_else(reviewing: World) -> None:
    jasmine = reviewing.cast.jasmine
    make_alert(jasmine)
    task = reviewing.open_task("review_township", jasmine)
    with refused(409, "open_alerts", "不可通过: 1 条预警未处置"):
        reviewing.complete(task, reviewing.cast.town_sanjiang, "approved")
    reviewing.complete(task, reviewing.cast.town_sanjiang, "returned", comment="请说明人数异常")
    assert reviewing.review_steps(jasmine)[-1] == ("correct", "NEW")


def test_required_days_missing_or_wrong(opened: World) -> None:
    task = opened.open_task("set_attendance_days")
    with refused(400, "required_days_missing", "请填写应考勤天数"):
        opened.complete(task, opened.cast.county_one, "set")
    with refused(400, "required_days_invalid"):
        opened.set_days(days=0)


def test_cancelled_cycle(reviewing: World) -> None:
    process = reviewing.cycle.run.process
    process.status = "CANCELED"
    process.save()
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with refused(409, "cycle_cancelled", "本月度周期已取消"):
        reviewing.complete(task, reviewing.cast.town_sanjiang, "approved")


def test_evaluation_before_the_join_has_no_task(reviewing: World) -> None:
    reviewing.approve_township(reviewing.cast.jasmine)
    assert ("evaluate", "NEW") not in reviewing.steps()


def test_open_alert_blocks_evaluation(reviewing: World) -> None:
    reviewing.approve_all()
    make_alert(reviewing.cast.jasmine)
    with refused(409, "open_alerts"):
        reviewing.evaluate()
