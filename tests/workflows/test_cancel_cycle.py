"""取消月度周期: cascading, with a reason and the month typed again; the month may be opened again afterwards."""

from __future__ import annotations

from viewflow.workflow.models import Process, Task

from backend.apps.subsidy.models import MonthlyCycle, Statement
from tests.factories import COUNTY
from tests.workflows.denials import refused
from tests.workflows.world import OCTOBER, OPEN, World, content_hash, fresh
from workflows.actions import ActionPayload
from workflows.models import JobRun, ProcessEvent
from workflows.runner import run_pending
from workflows.services import cycle_capabilities, cycle_start, perform


def test_everything_open_ends_and_nothing_can_be_done_in_it(reviewing: World) -> None:
    jasmine, bamboo, cast = reviewing.cast.jasmine, reviewing.cast.bamboo, reviewing.cast
    reviewing.approve_township(bamboo)
    reviewing.approve_county(bamboo)
    claimed = reviewing.open_task("review_township", jasmine)
    reviewing.act(claimed, cast.town_sanjiang, "claim")
    seen = content_hash(claimed)
    assert reviewing.cancel().status == "cancelled"
    assert reviewing.steps()[-1] == ("review_statements", "CANCELED")
    assert reviewing.review_steps(jasmine)[-1] == ("review_township", "CANCELED")
    assert reviewing.review_steps(bamboo)[-1] == ("approved", "DONE")  # what was decided stays
    assert not Task.objects.filter(status__in=OPEN).exists()
    assert sorted(Process.objects.values_list("status", flat=True)) == ["CANCELED"] * 3 + ["DONE"]
    assert not JobRun.objects.filter(finished_at__isnull=True).exists()
    cycle = MonthlyCycle.objects.get()
    assert (cycle.cancellation, cycle.cancel_reason, cycle.cancelled_by) == (
        1,
        "应考勤天数有误",
        cast.county_one,
    )
    events = ProcessEvent.objects.filter(kind="cancelled").order_by("id")
    assert [(event.node, event.comment) for event in events] == [
        ("review_township", ""),
        ("review_township", ""),
        ("", "应考勤天数有误"),
    ]
    for action, payload in (
        ("claim", ActionPayload()),
        ("complete", ActionPayload(decision="approved", content_hash=seen)),
        ("reassign", ActionPayload(comment="x", person_ids=(cast.county_one.pk,))),
    ):
        with refused(409, "cycle_cancelled", "本月度周期已取消"):
            perform(task_id=claimed.pk, actor=fresh(cast.town_sanjiang), action=action, payload=payload)
    for action in ("exclude", "reopen"):
        with refused(409, "cycle_cancelled"):
            reviewing.on_statement(bamboo, cast.county_one, action, comment="不再需要")
    with refused(409, "cycle_cancelled"):
        reviewing.cancel()
    run_pending(until_idle=True, timeout=30)
    assert reviewing.steps()[-1] == ("review_statements", "CANCELED")


def test_the_month_is_opened_again_and_runs_to_its_report(reviewing: World) -> None:
    reviewing.approve_township(reviewing.cast.jasmine)
    with refused(409, "cycle_exists"):
        cycle_start(county_code=COUNTY, month=OCTOBER, actor=reviewing.cast.county_two)
    reviewing.cancel()
    for number in (2, 3):
        again = World(
            reviewing.cast,
            cycle_start(county_code=COUNTY, month=OCTOBER, actor=fresh(reviewing.cast.county_two)),
        )
        if number == 2:
            again.to_reviews()
            again.cancel(comment="方案即将更换")
    again.to_reviews()
    again.approve_all()
    again.evaluate()
    again.run()
    assert again.steps()[-1] == ("end", "DONE")
    assert list(MonthlyCycle.objects.order_by("id").values_list("cancellation", flat=True)) == [1, 2, 0]
    assert MonthlyCycle.objects.in_force().get() == again.cycle
    assert Statement.objects.filter(institution=again.cast.jasmine).count() == 3
    with refused(409, "cycle_already_evaluated", "该月已评定, 不能再改变"):
        again.cancel()


def test_a_month_is_cancelled_while_its_job_waits(opened: World) -> None:
    opened.set_days()
    opened.cancel()
    assert opened.steps()[-1] == ("calculate", "CANCELED")
    run_pending(until_idle=True, timeout=30)
    assert opened.steps()[-1] == ("calculate", "CANCELED")
    assert ProcessEvent.objects.filter(kind="job_cancelled").count() == 1


def test_refusals(reviewing: World) -> None:
    cast = reviewing.cast
    for person in (cast.town_sanjiang, cast.evaluator, cast.auditor, cast.leader):
        status = 404 if person is cast.town_sanjiang else 403
        with refused(status, "cycle_not_found" if status == 404 else "permission_denied"):
            reviewing.cancel(person)
    for person in (cast.stranger, cast.system_admin, cast.operator_jasmine):
        with refused(404, "cycle_not_found"):
            reviewing.cancel(person)
    with refused(400, "comment_required"):
        reviewing.cancel(comment="")
    for typed in ("", "2026-11", "取消"):
        with refused(400, "confirmation_mismatch", "请输入 2026-10 以确认取消"):
            reviewing.cancel(confirmation=typed)
    found = cycle_capabilities(cycle=reviewing.cycle, actor=fresh(cast.county_one))
    assert [(one.action, one.allowed) for one in found] == [("cancel", True)]
    found = cycle_capabilities(cycle=reviewing.cycle, actor=fresh(cast.evaluator))
    assert [(one.action, one.reason_code) for one in found] == [("cancel", "permission_denied")]
