"""批的是这一版: what moved between reading and deciding is named, confirmed by one act, and kept with the decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from viewflow.workflow.models import Task

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.subsidy.models import EntitlementLine, Statement, StatementDecision
from backend.common.errors import Conflict
from tests.apps.months import make_alert, propose_correction, settle
from tests.factories.people import just_proved
from tests.workflows.denials import picture, refused
from tests.workflows.world import World, fresh
from workflows.actions import ActionPayload
from workflows.models import ProcessEvent, ShownContent
from workflows.readings import task_read
from workflows.selectors import timeline
from workflows.services import perform
from workflows.shown import shown_prune

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner drops connections with an open transaction, which here is the test's own."""
    monkeypatch.setattr("workflows.runner.close_old_connections", lambda: None)


class Reviewer:
    """王三江 before 茉莉's statement, as their browser would be."""

    def __init__(self, world: World, node: str = "review_township", person: User | None = None) -> None:
        cast = world.cast
        about = None if node == "evaluate" else cast.jasmine
        self.world, self.person = world, person or (cast.evaluator if about is None else cast.town_sanjiang)
        self.decision = "evaluated" if about is None else "approved"
        self.task: Task = world.open_task(node, about)
        self.seen = self.read()

    def read(self) -> str:
        return task_read(actor=fresh(self.person), task_id=self.task.pk).content_hash

    def complete(self, seen: str | None = None, **extra: Any) -> Any:
        payload = ActionPayload(
            decision=self.decision,
            content_hash=seen or self.seen,
            identity=just_proved(self.decision),
            **extra,
        )
        return perform(task_id=self.task.pk, actor=fresh(self.person), action="complete", payload=payload)

    def refused(self) -> dict[str, Any]:
        """The details of the 409; nothing changed."""
        before = picture()
        with pytest.raises(Conflict) as caught:
            self.complete()
        assert caught.value.code == "content_changed", caught.value
        assert picture() == before
        self.sentence = caught.value.message
        return caught.value.details

    def rows(self) -> list[tuple[str, str, str, str]]:
        found = self.refused()["difference"]["rows"]
        return [(row["subject"], row["what"], row["before"], row["after"]) for row in found]


def first_line(world: World) -> EntitlementLine:
    return EntitlementLine.objects.filter(statement=world.statement(world.cast.jasmine)).order_by("id")[0]


def masked(line: EntitlementLine) -> str:
    return f"{line.child.name[0]}{'*' * (len(line.child.name) - 1)} ({line.child.code})"


def move_amount(world: World, *, days: int = 4, amount: str = "88.00") -> str:
    """As a recalculation after late punches would."""
    line = first_line(world)
    letters = list(line.derivation["d"])
    letters[8] = "a"
    derivation = {**line.derivation, "d": "".join(letters)}
    EntitlementLine.objects.filter(pk=line.pk).update(
        attended_days=days, amount=amount, derivation=derivation
    )
    Statement.objects.filter(pk=line.statement_id).update(total_amount=amount)
    return masked(line)


def test_amounts_row_by_row(kept_review: World) -> None:
    reviewer = Reviewer(kept_review)
    line, total = first_line(kept_review), kept_review.statement(kept_review.cast.jasmine).total_amount
    child = move_amount(kept_review)
    assert reviewer.rows() == [
        ("合计", "应补合计", str(total), "88.00"),
        (child, "9 日", "有入园和离园", "无打卡"),
        (child, "实际天数", str(line.attended_days), "4"),
        (child, "应补金额", str(line.amount), "88.00"),
    ]
    found = reviewer.refused()
    assert found["difference"]["known"] is True
    assert found["difference"]["seen_hash"] == reviewer.seen
    assert found["content_hash"] == found["difference"]["content_hash"] != reviewer.seen
    assert (found["total_amount"], found["blockers"]) == ("88.00", [])
    assert reviewer.sentence == "在您查看之后有变化: 1 名婴幼儿, 请核对变化后确认"
    assert [row["format"] for row in found["difference"]["rows"]] == ["money", "text", "days", "money"]
    assert line.child.name not in str(found)


Change = Callable[[World], object]


def _alert(world: World) -> Alert:
    return Alert.objects.get(institution=world.cast.jasmine)


@pytest.mark.parametrize(
    ("before", "change", "said", "blocked"),
    [
        (None, lambda w: make_alert(w.cast.jasmine), ("新增预警", "无", "待处置"), True),
        (
            lambda w: make_alert(w.cast.jasmine),
            lambda w: settle(_alert(w), w.cast.county_two),
            ("状态", "待处置", "已处置: 排除"),
            False,
        ),
        (
            lambda w: settle(make_alert(w.cast.jasmine), w.cast.county_two),
            lambda w: Alert.objects.update(state="open"),
            ("状态", "已处置", "重新打开"),
            True,
        ),
        (
            lambda w: make_alert(w.cast.jasmine, blocking=False),
            lambda w: Alert.objects.update(evidence_hash="f" * 64),
            ("预警依据", "所见内容", "有变化"),
            False,
        ),
        (
            lambda w: make_alert(w.cast.jasmine, blocking=False),
            lambda w: Alert.objects.update(state="gone"),
            ("预警已消除", "待处置", "无"),
            False,
        ),
    ],
    ids=["raised", "settled", "reopened", "evidence", "gone"],
)
def test_alerts(kept_review: World, before: Change | None, change: Change, said: Any, blocked: bool) -> None:
    """A blocking alert that came in between is named, together with what has to be done first."""
    if before is not None:
        before(kept_review)
    reviewer = Reviewer(kept_review)
    change(kept_review)
    (row,) = reviewer.rows()
    assert row[0].startswith("考勤人数异常: 10 月 12 日") or row[0].startswith("考勤人数异常")
    assert row[1:] == said
    assert ("须先处理: 1 条预警未处置" in reviewer.sentence) is blocked
    assert [b["code"] for b in reviewer.refused()["blockers"]] == (["open_alerts"] if blocked else [])


def test_corrections(kept_review: World) -> None:
    reviewer = Reviewer(kept_review)
    statement = kept_review.statement(kept_review.cast.jasmine)
    correction = propose_correction(statement, kept_review.cast.operator_jasmine)
    name = f"{masked(statement.lines.order_by('child__code')[0])} 10-09"
    assert reviewer.rows() == [(name, "新提出的考勤更正", "无", "待核")]
    assert "1 条考勤更正待核" in reviewer.sentence
    reviewer.seen = reviewer.read()
    AttendanceCorrection.objects.filter(pk=correction.pk).update(
        state="rejected", checker=kept_review.cast.county_two, checked_at=timezone.now()
    )
    assert reviewer.rows() == [(name, "考勤更正已核定", "待核", "未采纳")]


def test_a_child_that_came_and_one_that_went(kept_review: World) -> None:
    reviewer = Reviewer(kept_review)
    gone = first_line(kept_review)
    other = EntitlementLine.objects.exclude(statement=gone.statement).order_by("id")[0]
    EntitlementLine.objects.filter(pk=other.pk).update(statement=gone.statement)
    EntitlementLine.objects.filter(pk=gone.pk).delete()
    assert sorted(row[:2] for row in reviewer.rows()) == sorted(
        [(masked(gone), "不再计算的婴幼儿"), (masked(other), "新增婴幼儿")]
    )


def test_one_act_confirms_just_that_and_the_event_keeps_it(kept_review: World) -> None:
    reviewer = Reviewer(kept_review)
    child = move_amount(kept_review)
    details = reviewer.refused()
    reviewer.complete(details["content_hash"], confirms=details["difference"]["seen_hash"])
    event = ProcessEvent.objects.get(kind="decided", task_id=reviewer.task.pk)
    confirmed = event.detail["confirmed"]
    assert (confirmed["seen"], event.detail["content"]) == (reviewer.seen, details["content_hash"])
    assert confirmed["rows"][0][:3] == ["figures", 0, "total_amount"]
    assert (confirmed["count"], len(confirmed["digest"])) == (4, 64)
    assert first_line(kept_review).child.name not in str(event.detail)
    (entry,) = [found for found in timeline(process_id=event.process_id) if found.event == "decided"]
    assert entry.confirmed is not None
    assert [(row.subject, row.what) for row in entry.confirmed.rows][1] == (child, "9 日")
    assert StatementDecision.objects.get().content_hash == details["content_hash"]


def test_a_plain_decision_confirms_nothing(kept_review: World) -> None:
    reviewer = Reviewer(kept_review)
    reviewer.complete()
    detail = ProcessEvent.objects.get(kind="decided", task_id=reviewer.task.pk).detail
    assert detail["content"] == reviewer.seen
    assert "confirmed" not in detail


def test_it_moves_again_between_the_refusal_and_the_confirmation(kept_review: World) -> None:
    """The second difference is told from what was seen first: nothing is confirmed unseen."""
    reviewer = Reviewer(kept_review)
    move_amount(kept_review)
    first = reviewer.refused()
    make_alert(kept_review.cast.jasmine, blocking=False)
    with pytest.raises(Conflict) as caught:
        reviewer.complete(first["content_hash"], confirms=reviewer.seen)
    second = caught.value.details["difference"]
    assert second["seen_hash"] == reviewer.seen
    assert {row["what"] for row in second["rows"]} >= {"应补金额", "新增预警"}
    reviewer.complete(caught.value.details["content_hash"], confirms=second["seen_hash"])


def test_a_version_nobody_was_shown(kept_review: World) -> None:
    reviewer = Reviewer(kept_review)
    reviewer.seen = "0" * 64
    found = reviewer.refused()["difference"]
    assert (found["known"], found["rows"], found["seen_hash"]) == (False, (), "0" * 64)
    now = reviewer.read()
    with refused(400, "confirmation_unknown"):
        reviewer.complete(now, confirms="1" * 64)


def test_an_evaluation_names_the_statements_that_changed(kept_review: World) -> None:
    kept_review.approve_all()
    kept_review.run()
    reviewer = Reviewer(kept_review, "evaluate")
    jasmine = kept_review.statement(kept_review.cast.jasmine)
    line = first_line(kept_review)
    move_amount(kept_review)
    details = reviewer.refused()
    rows = [(row["group"], row["subject"], row["what"]) for row in details["difference"]["rows"]]
    assert ("statement", "嵊州市茉莉托育中心", "应补合计") in rows
    assert ("figures", "合计", "应补合计") in rows
    assert {row["statement_id"] for row in details["difference"]["rows"]} == {0, jasmine.pk}
    assert "1 份结算单" in reviewer.sentence
    assert details["blockers"][0]["code"] == "amount_moved"
    assert line.child.name not in str(details)


def test_an_evaluation_unfolds_what_a_reviewer_had_opened(kept_review: World) -> None:
    kept_review.approve_township(kept_review.cast.jasmine)
    review = Reviewer(kept_review, "review_county", kept_review.cast.county_one)
    review.complete()
    for institution in (kept_review.cast.bamboo, kept_review.cast.nowhere):
        kept_review.approve_township(institution)
        kept_review.approve_county(institution)
    kept_review.run()
    reviewer = Reviewer(kept_review, "evaluate")
    child = move_amount(kept_review, amount=str(first_line(kept_review).amount))
    subjects = {row[0] for row in reviewer.rows()}
    assert f"嵊州市茉莉托育中心 {child}" in subjects
    assert ("嵊州市茉莉托育中心", "结算单内容") not in {row[:2] for row in reviewer.rows()}


def test_an_exclusion_and_an_alert_between_reading_and_evaluating(kept_review: World) -> None:
    kept_review.approve_all()
    kept_review.run()
    reviewer = Reviewer(kept_review, "evaluate")
    Statement.objects.filter(institution=kept_review.cast.bamboo).update(
        outcome="excluded", exclusion_reason="备案已失效"
    )
    make_alert(kept_review.cast.jasmine)
    rows = reviewer.rows()
    assert [row[1:] for row in rows if row[0] == kept_review.cast.bamboo.name] == [
        ("审核结果", "已通过", "不纳入"),
        ("不纳入原因", "所见内容", "有变化"),
    ]
    assert "须先处理: 1 条预警未处置" in reviewer.sentence


def test_what_is_kept(kept_review: World) -> None:
    """One row per version, however many look; after the seal only what a decision names."""
    reviewer = Reviewer(kept_review)
    reviewer.read()
    assert ShownContent.objects.count() == 1
    move_amount(kept_review)
    reviewer.seen = reviewer.read()
    assert ShownContent.objects.count() == 2
    reviewer.complete()
    body = bytes(ShownContent.objects.order_by("-id")[0].body)
    assert len(body) < 600  # two children
    assert shown_prune(cycle_id=kept_review.cycle.pk) == 1
    assert ShownContent.objects.get().content_hash == reviewer.seen
