"""statement_decide: one decision per step and round, on exactly what was seen, by somebody entitled to a fresh view."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from backend.apps.alerts.models import Alert
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.subsidy.models import EntitlementLine, Statement, StatementDecision
from backend.apps.subsidy.selectors import statement_blockers, statement_content_hash
from backend.apps.subsidy.services import statement_decide
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid
from tests.apps.months import Month, decide, make_alert, make_month, propose_correction, settle
from tests.support.races import together
from tests.support.recalculating import recalculate_asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def month() -> Month:
    return make_month()


def state(statement: Statement) -> tuple[int, bool, str, str]:
    row = Statement.objects.get(pk=statement.pk)
    return row.round, row.finished, row.outcome, row.exclusion_reason


def refused(kind: type[DomainError], code: str, **call: Any) -> DomainError:
    before = (StatementDecision.objects.count(), state(call["statement"]), AuditEvent.objects.count())
    with pytest.raises(kind) as caught:
        statement_decide(**call)
    assert caught.value.code == code
    assert (StatementDecision.objects.count(), state(call["statement"]), AuditEvent.objects.count()) == before
    return caught.value


def call(month: Month, **extra: Any) -> dict[str, Any]:
    return {
        "statement": month.jasmine,
        "step": "review_township",
        "round": 1,
        "decision": "approved",
        "comment": "",
        "content_hash": statement_content_hash(month.jasmine),
        "actor": month.cast.town_sanjiang,
        **extra,
    }


def test_township_then_county_finish_the_statement(month: Month) -> None:
    first = decide(month.jasmine, "review_township", "approved", month.cast.town_sanjiang)
    assert state(month.jasmine) == (1, False, "", "")
    second = decide(month.jasmine, "review_county", "approved", month.cast.county_one, comment=" 同意 ")
    assert state(month.jasmine) == (1, True, "approved", "")
    assert (month.jasmine.finished, month.jasmine.outcome) == (True, "approved")
    assert (first.by_name, second.by_name, second.comment) == ("王三江", "陈审核", "同意")
    assert first.content_hash == second.content_hash
    assert second.total_amount == Decimal("750.00")
    events = AuditEvent.objects.order_by("id").values_list("action", "actor_name", "county_code", "detail")
    assert list(events)[-1] == (
        "subsidy.statement.approved",
        "陈审核",
        "330683000000",
        {"step": "review_county", "round": 1, "total_amount": "750.00", "content": second.content_hash},
    )


def test_returned_corrected_and_reviewed_again(month: Month) -> None:
    decide(month.jasmine, "review_township", "returned", month.cast.town_sanjiang, comment="9 日缺离园打卡")
    assert state(month.jasmine) == (1, False, "", "")
    decide(month.jasmine, "correct", "resubmitted", month.cast.operator_jasmine, comment="已补登记")
    recalculate_asked()
    assert state(month.jasmine) == (2, False, "", "")
    decide(month.jasmine, "review_township", "approved", month.cast.town_sanjiang)
    decide(month.jasmine, "review_county", "approved", month.cast.county_one)
    assert list(
        StatementDecision.objects.order_by("id").values_list("step", "round", "decision", "by_name")
    ) == [
        ("review_township", 1, "returned", "王三江"),
        ("correct", 1, "resubmitted", "李茉莉"),
        ("review_township", 2, "approved", "王三江"),
        ("review_county", 2, "approved", "陈审核"),
    ]


def test_excluded_with_a_reason(month: Month) -> None:
    decide(month.bamboo, "review_township", "approved", month.cast.town_luoshan)
    decide(month.bamboo, "review_county", "excluded", month.cast.county_one, comment="备案已失效")
    assert state(month.bamboo) == (1, True, "excluded", "备案已失效")


@pytest.mark.parametrize(
    ("step", "decision", "comment", "code", "message"),
    [
        (
            "review_township",
            "excluded",
            "x",
            "decision_not_possible",
            "乡镇街道初审不能作出这个决定: excluded",
        ),
        ("correct", "approved", "", "decision_not_possible", "机构更正与重新提交不能作出这个决定: approved"),
        ("evaluate", "approved", "", "unknown_step", "没有这个环节: evaluate"),
        ("review_township", "returned", "  ", "comment_required", "请填写退回意见"),
        ("review_county", "excluded", "", "comment_required", "请填写不纳入的原因"),
        ("correct", "resubmitted", "", "comment_required", "请填写更正说明"),
        ("review_county", "excluded", "长" * 301, "comment_too_long", "意见不能超过 300 字"),
        ("review_county", "approved", "长" * 501, "comment_too_long", "意见不能超过 500 字"),
    ],
)
def test_wrong_input(month: Month, step: str, decision: str, comment: str, code: str, message: str) -> None:
    error = refused(Invalid, code, **call(month, step=step, decision=decision, comment=comment))
    assert error.message == message


def test_marked_lines_must_be_of_this_statement(month: Month) -> None:
    own = EntitlementLine.objects.filter(statement=month.jasmine).values_list("pk", flat=True)[0]
    foreign = EntitlementLine.objects.filter(statement=month.bamboo).values_list("pk", flat=True)[0]
    refused(Invalid, "line_not_in_statement", **call(month, marks={own: "请假", foreign: "请假"}))
    assert statement_decide(**call(month, marks={own: " 缺离园打卡 "})).mark_reasons == {
        str(own): "缺离园打卡"
    }


def test_a_second_decision_of_the_same_step_and_round_loses(month: Month) -> None:
    decide(month.jasmine, "review_township", "approved", month.cast.town_sanjiang)
    error = refused(Conflict, "already_decided", **call(month, decision="returned", comment="再看"))
    assert error.message == "乡镇街道初审第 1 轮已由 王三江 办理: 通过"


def test_a_decision_for_a_past_round_loses(month: Month) -> None:
    decide(month.jasmine, "review_township", "returned", month.cast.town_sanjiang, comment="缺卡")
    decide(month.jasmine, "correct", "resubmitted", month.cast.operator_jasmine, comment="已核")
    error = refused(Conflict, "round_moved", **call(month))
    assert (error.message, error.details) == ("该结算单已进入第 2 轮审核", {"round": 2})


def test_a_finished_statement_takes_no_more_decisions(month: Month) -> None:
    decide(month.jasmine, "review_county", "approved", month.cast.county_one)
    error = refused(Conflict, "statement_finished", **call(month))
    assert error.message == "该结算单已审结 (已通过)"


def test_nobody_reviews_the_same_statement_twice_over(month: Month) -> None:
    decide(month.nowhere, "review_township", "approved", month.cast.county_one)
    error = refused(
        Forbidden,
        "separation_of_duties",
        **call(
            month,
            statement=month.nowhere,
            step="review_county",
            content_hash=statement_content_hash(month.nowhere),
            actor=month.cast.county_one,
        ),
    )
    assert error.message == "您已办理过该结算单的乡镇街道初审, 不能再办理县级审核"
    decide(month.nowhere, "review_county", "approved", month.cast.county_two)
    assert state(month.nowhere) == (1, True, "approved", "")


def test_who_proposed_a_correction_does_not_review_it(month: Month) -> None:
    correction = propose_correction(month.jasmine, month.cast.town_sanjiang)
    AttendanceCorrection.objects.filter(pk=correction.pk).update(state="rejected")
    error = refused(Forbidden, "separation_of_duties", **call(month))
    assert error.message == "您已办理过该结算单的考勤更正申请, 不能再办理乡镇街道初审"


def test_what_blocks_an_approval_does_not_block_a_return(month: Month) -> None:
    Statement.objects.filter(pk=month.jasmine.pk).update(unresolved_count=1)
    month.jasmine.refresh_from_db()
    alert = make_alert(month.cast.jasmine)
    make_alert(month.cast.jasmine, subject="2026-10-13", blocking=False)
    correction = propose_correction(month.jasmine, month.cast.operator_jasmine)
    assert [(b.code, b.count) for b in statement_blockers(month.jasmine)] == [
        ("unresolved_lines", 1),
        ("open_alerts", 1),
        ("pending_corrections", 1),
    ]
    assert [b.code for b in statement_blockers(month.jasmine, step="review_township")] == [
        "open_alerts",
        "pending_corrections",
    ]
    error = refused(
        Conflict,
        "unresolved_lines",
        **call(month, step="review_county", actor=month.cast.county_one),
    )
    assert error.message == "不可通过: 1 名婴幼儿的补助标准或资料待补; 1 条预警未处置; 1 条考勤更正待核"
    error = refused(Conflict, "open_alerts", **call(month))
    assert error.message == "不可通过: 1 条预警未处置; 1 条考勤更正待核"
    Statement.objects.filter(pk=month.jasmine.pk).update(unresolved_count=0)
    settle(alert, month.cast.county_two)
    AttendanceCorrection.objects.filter(pk=correction.pk).update(state="accepted")
    month.jasmine.refresh_from_db()
    assert statement_blockers(month.jasmine) == ()
    make_alert(month.cast.bamboo, subject="both", touched=(month.cast.jasmine,))
    refused(Conflict, "open_alerts", **call(month))
    decide(month.jasmine, "review_township", "returned", month.cast.town_sanjiang, comment="预警待说明")


# --- the hash ---------------------------------------------------------------------------------------------


def test_hash_takes_four_queries(month: Month, django_assert_num_queries: Any) -> None:
    statement = Statement.objects.select_related("cycle").get(pk=month.jasmine.pk)
    with django_assert_num_queries(4):
        statement_content_hash(statement)


def test_hash_ignores_row_ids_rounds_and_names(month: Month) -> None:
    before = statement_content_hash(month.jasmine)
    rows = list(EntitlementLine.objects.filter(statement=month.jasmine).order_by("-pk"))
    EntitlementLine.objects.filter(statement=month.jasmine).delete()
    for row in rows:
        row.pk = None
        row.save(force_insert=True)
    Statement.objects.filter(pk=month.jasmine.pk).update(round=2)
    child = Child.objects.get(pk=rows[0].child_id)
    child.name = "改名"
    child.save()
    month.jasmine.refresh_from_db()
    assert statement_content_hash(month.jasmine) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.jasmine.lines.filter(factor=0).update(amount=Decimal("0.01")),
        lambda m: m.jasmine.lines.filter(factor=0).update(attended_days=4),
        lambda m: m.jasmine.lines.filter(factor=0).update(derivation={"v": 1}),
        lambda m: m.jasmine.lines.filter(factor=0).update(reason_code="other"),
        lambda m: m.jasmine.lines.filter(factor=0).delete(),
        lambda m: Statement.objects.filter(pk=m.jasmine.pk).update(required_days=17),
        lambda m: Statement.objects.filter(pk=m.jasmine.pk).update(grade="level_2"),
        lambda m: Statement.objects.filter(pk=m.jasmine.pk).update(total_amount=1),
        lambda m: make_alert(m.cast.jasmine, blocking=False),
        lambda m: make_alert(m.cast.bamboo, touched=(m.cast.jasmine,)),
        lambda m: propose_correction(m.jasmine, m.cast.operator_jasmine),
    ],
)
def test_a_change_of_what_was_seen_refuses_the_decision(month: Month, change: Any) -> None:
    seen = call(month)
    change(month)
    error = refused(Conflict, "content_changed", **seen)
    assert error.message == "结算单内容在您查看之后有变化, 请刷新后重新确认"
    month.jasmine.refresh_from_db()
    assert error.details["content_hash"] == statement_content_hash(month.jasmine)


def test_settling_and_unsettling_an_alert_moves_the_hash(month: Month) -> None:
    without = statement_content_hash(month.jasmine)
    alert = make_alert(month.cast.jasmine, blocking=False)
    seen = [without, statement_content_hash(month.jasmine)]
    settle(alert, month.cast.county_two)
    seen.append(statement_content_hash(month.jasmine))
    settle(alert, month.cast.county_two, outcome="confirmed", reason="属实")
    seen.append(statement_content_hash(month.jasmine))
    Alert.objects.filter(pk=alert.pk).update(evidence_hash="f" * 64)
    seen.append(statement_content_hash(month.jasmine))
    assert len(set(seen)) == 5
    Alert.objects.filter(pk=alert.pk).update(state="gone")
    assert statement_content_hash(month.jasmine) == without


def test_another_institution_does_not_move_the_hash(month: Month) -> None:
    before = statement_content_hash(month.jasmine)
    make_alert(month.cast.bamboo)
    propose_correction(month.bamboo, month.cast.operator_bamboo)
    month.bamboo.lines.update(amount=1)
    assert statement_content_hash(month.jasmine) == before


# --- the database behind it -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_effect() -> None:
    month = make_month()
    seen = call(month)
    other = {**seen, "statement": Statement.objects.get(pk=month.jasmine.pk)}
    results = together(lambda: statement_decide(**seen), lambda: statement_decide(**other))
    refusals = [result for result in results if isinstance(result, Conflict)]
    assert [refusal.code for refusal in refusals] == ["already_decided"]
    assert StatementDecision.objects.count() == 1


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_decisions_are_append_only(month: Month, verb: str) -> None:
    record = decide(month.jasmine, "review_township", "approved", month.cast.town_sanjiang)
    rows = StatementDecision.objects.filter(pk=record.pk)
    with pytest.raises(IntegrityError, match="append-only table"), transaction.atomic():
        rows.update(comment="改") if verb == "update" else rows.delete()
    assert rows.get().comment == ""


def test_unresolved_lines_pass_the_township_and_leave_by_exclusion(month: Month) -> None:
    """Only the county excludes; a township that could only return would send the statement round for ever."""
    Statement.objects.filter(pk=month.bamboo.pk).update(unresolved_count=1)
    decide(month.bamboo, "review_township", "approved", month.cast.town_luoshan)
    with pytest.raises(Conflict) as caught:
        decide(month.bamboo, "review_county", "approved", month.cast.county_one)
    assert caught.value.message == "不可通过: 1 名婴幼儿的补助标准或资料待补"
    decide(month.bamboo, "review_county", "excluded", month.cast.county_one, comment="待补齐标准后补发")
    assert state(month.bamboo) == (1, True, "excluded", "待补齐标准后补发")
