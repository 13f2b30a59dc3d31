"""cycle_preflight and cycle_evaluate: all or nothing, by a third person, on exactly what they saw."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.attendance.models import AttendanceCorrection, RequiredDaysOverride
from backend.apps.audit.models import AuditEvent
from backend.apps.subsidy.models import Evaluation, MonthlyCycle, Snapshot, SnapshotLine, Statement
from backend.apps.subsidy.selectors import cycle_content_hash, cycle_preflight
from backend.apps.subsidy.selectors.cycle_content import CycleTotals
from backend.apps.subsidy.services import cycle_evaluate
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid
from tests.apps.months import (
    FIRST,
    OCTOBER,
    Month,
    approve_all,
    decide,
    make_alert,
    make_month,
    propose_correction,
    settle,
)
from tests.factories import make_scheme
from tests.support.races import together
from tests.support.recalculating import recalculate_asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def month() -> Month:
    return make_month()


@pytest.fixture
def reviewed(month: Month) -> Month:
    approve_all(month)
    return month


def evaluate(month: Month, **extra: Any) -> Evaluation:
    return cycle_evaluate(
        **{
            "cycle": month.cycle,
            "actor": month.cast.evaluator,
            "comment": "同意",
            "content_hash": cycle_content_hash(MonthlyCycle.objects.get(pk=month.cycle.pk)),
            **extra,
        }
    )


def refused(kind: type[DomainError], code: str, month: Month, **extra: Any) -> DomainError:
    events = AuditEvent.objects.count()
    with pytest.raises(kind) as caught:
        evaluate(month, **extra)
    assert caught.value.code == code
    assert (Evaluation.objects.count(), Snapshot.objects.count(), SnapshotLine.objects.count()) == (0, 0, 0)
    assert MonthlyCycle.objects.get(pk=month.cycle.pk).evaluated_at is None
    assert AuditEvent.objects.count() == events
    return caught.value


def test_evaluated_by_a_third_person(reviewed: Month) -> None:
    seen = cycle_content_hash(reviewed.cycle)
    evaluation = evaluate(reviewed, comment=" 同意 ", content_hash=seen)
    assert (evaluation.by_name, evaluation.comment, evaluation.content_hash) == ("赵评定", "同意", seen)
    assert evaluation.total_amount == Decimal("1225.00")
    cycle = MonthlyCycle.objects.get(pk=reviewed.cycle.pk)
    assert cycle.evaluated_at == reviewed.cycle.evaluated_at == evaluation.at
    snapshot = Snapshot.objects.get()
    assert (snapshot.line_count, snapshot.total_amount) == (6, Decimal("1225.00"))
    assert AuditEvent.objects.filter(action="subsidy.cycle.evaluated").values_list(
        "actor_name", "county_code", "detail"
    ).get() == (
        "赵评定",
        "330683000000",
        {
            "month": "2026-10",
            "total_amount": "1225.00",
            "statements": 3,
            "content": seen,
            "digest": snapshot.digest,
        },
    )


def test_evaluating_again_is_refused_and_changes_nothing(reviewed: Month) -> None:
    first = evaluate(reviewed)
    digest = Snapshot.objects.get().digest
    with pytest.raises(Conflict) as caught:
        evaluate(reviewed)
    assert (caught.value.code, caught.value.message) == ("cycle_already_evaluated", "该月已评定")
    assert Evaluation.objects.get() == first
    assert Snapshot.objects.get().digest == digest
    assert SnapshotLine.objects.count() == 6


def test_every_reason_at_once(month: Month) -> None:
    approve_all(month)
    Statement.objects.filter(pk=month.nowhere.pk).update(finished=False, outcome="")
    Statement.objects.filter(pk=month.bamboo.pk).update(total_amount=Decimal("225.01"), unresolved_count=2)
    make_alert(month.cast.jasmine)
    propose_correction(month.jasmine, month.cast.operator_jasmine)
    error = refused(Conflict, "statements_open", month)
    assert error.message == (
        "不可评定: 1 份结算单尚未审结; 1 条预警未处置; 2 名婴幼儿的补助标准或资料待补; "
        "1 条考勤更正待核; 1 份结算单的金额在县级审核后变动"
    )
    assert [(b["code"], b["count"]) for b in error.details["blockers"]] == [
        ("statements_open", 1),
        ("open_alerts", 1),
        ("unresolved_lines", 2),
        ("pending_corrections", 1),
        ("amount_moved", 1),
    ]


def test_open_statement(month: Month) -> None:
    error = refused(Conflict, "statements_open", month)
    assert error.message == "不可评定: 3 份结算单尚未审结"


def test_open_alert_of_an_institution_without_statement(reviewed: Month) -> None:
    Statement.objects.filter(pk=reviewed.nowhere.pk)
    alert = make_alert(reviewed.cast.bamboo)
    alert.touched.all().delete()
    refused(Conflict, "open_alerts", reviewed)
    Alert.objects.filter(pk=alert.pk).update(blocking=False)
    assert evaluate(reviewed).total_amount == Decimal("1225.00")


def test_not_calculated_and_no_statements(month: Month) -> None:
    MonthlyCycle.objects.filter(pk=month.cycle.pk).update(warned_at=None)
    error = refused(Conflict, "cycle_not_calculated", month)
    assert error.message == "不可评定: 该月尚未完成计算与预警"
    MonthlyCycle.objects.filter(pk=month.cycle.pk).update(warned_at=FIRST)
    Statement.objects.all().delete()
    refused(Conflict, "no_statements", month)


def test_content_changed_since_the_evaluator_looked(reviewed: Month) -> None:
    seen = cycle_content_hash(reviewed.cycle)
    settle(make_alert(reviewed.cast.jasmine, blocking=False), reviewed.cast.county_two)
    error = refused(Conflict, "content_changed", reviewed, content_hash=seen)
    assert error.details == {"content_hash": cycle_content_hash(reviewed.cycle), "total_amount": "1225.00"}
    preflight = cycle_preflight(reviewed.cycle)
    assert [(c.institution_name, c.approved_amount, c.amount) for c in preflight.changed] == [
        ("嵊州市茉莉托育中心", Decimal("750.00"), Decimal("750.00"))
    ]
    assert preflight.ready
    assert evaluate(reviewed).total_amount == Decimal("1225.00")


@pytest.mark.parametrize(
    ("who", "did"),
    [
        ("county_one", "开启月度周期、设置应考勤天数、县级审核"),
        ("county_two", "乡镇街道初审"),
        ("town_luoshan", "乡镇街道初审"),
        ("operator_jasmine", "机构更正与重新提交"),
    ],
)
def test_nobody_with_a_part_in_the_month_evaluates_it(month: Month, who: str, did: str) -> None:
    decide(month.jasmine, "review_township", "returned", month.cast.town_sanjiang, comment="缺卡")
    decide(month.jasmine, "correct", "resubmitted", month.cast.operator_jasmine, comment="已核")
    recalculate_asked()
    approve_all(month)
    error = refused(Forbidden, "separation_of_duties", month, actor=getattr(month.cast, who))
    assert error.message == f"您参与过本月的{did}, 不能评定"


def test_proposing_settling_and_overriding_are_parts_too(reviewed: Month) -> None:
    company = reviewed.cast
    correction = propose_correction(reviewed.jasmine, company.leader)
    AttendanceCorrection.objects.filter(pk=correction.pk).update(
        state="rejected", checker=company.auditor, checked_at=FIRST
    )
    settle(make_alert(company.bamboo), company.system_admin)
    RequiredDaysOverride.objects.create(
        institution=company.bamboo,
        month=OCTOBER,
        days=10,
        reason="装修",
        set_by=company.security_admin,
        set_at=FIRST,
    )
    for person, did in (
        (company.leader, "考勤更正申请"),
        (company.auditor, "考勤更正核定"),
        (company.system_admin, "预警处置"),
        (company.security_admin, "设置应考勤天数"),
    ):
        error = refused(Forbidden, "separation_of_duties", reviewed, actor=person)
        assert error.message == f"您参与过本月的{did}, 不能评定"


def test_comment_too_long(reviewed: Month) -> None:
    refused(Invalid, "comment_too_long", reviewed, comment="长" * 501)


def test_preflight_shows_the_month(month: Month, django_assert_num_queries: Any) -> None:
    company = month.cast
    decide(month.jasmine, "review_township", "approved", company.town_sanjiang)
    decide(month.jasmine, "review_county", "approved", company.county_one)
    decide(month.bamboo, "review_township", "approved", company.town_luoshan)
    decide(month.bamboo, "review_county", "excluded", company.county_one, comment="备案已失效")
    settle(make_alert(company.bamboo), company.county_two, outcome="confirmed")
    settle(
        make_alert(company.jasmine, rule="several_institutions", touched=(company.bamboo,)),
        company.county_two,
    )
    Alert.objects.filter(pk=make_alert(company.nowhere, subject="x").pk).update(state="gone")
    cycle = MonthlyCycle.objects.select_related("county", "scheme").get(pk=month.cycle.pk)
    with django_assert_num_queries(13):
        preflight = cycle_preflight(cycle)
    assert (preflight.county_name, str(preflight.month), preflight.required_days) == ("嵊州市", "2026-10", 18)
    assert (preflight.scheme_name, preflight.document_number) == (
        "嵊州市托育机构考勤补助方案",
        "嵊卫发〔2026〕12号",
    )
    assert preflight.totals == CycleTotals(
        statements=3,
        approved=1,
        excluded=1,
        open=1,
        children=3,
        paid_children=2,
        amount=Decimal("750.00"),
    )
    assert [(e.institution_name, e.township_name, e.reason, e.amount, e.by) for e in preflight.excluded] == [
        ("嵊州市青竹幼儿园托育部", "鹿山街道", "备案已失效", Decimal("225.00"), "陈审核")
    ]
    assert [
        (a.rule, a.title, a.total, a.open, a.gone, a.confirmed, a.dismissed, a.corrected)
        for a in preflight.alerts
        if a.total
    ] == [
        ("headcount", "考勤人数异常", 2, 0, 1, 1, 0, 0),
        ("several_institutions", "考勤机构异常", 1, 0, 0, 0, 1, 0),
    ]
    assert [a.rule for a in preflight.alerts] == list(REGISTRY)  # a rule that found nothing says so
    assert [(d.title, d.person, d.count) for d in preflight.duties] == [
        ("开启月度周期", "陈审核", 1),
        ("设置应考勤天数", "陈审核", 1),
        ("乡镇街道初审", "王三江", 1),
        ("乡镇街道初审", "吴鹿山", 1),
        ("县级审核", "陈审核", 2),
        ("预警处置", "沈复核", 2),
    ]
    assert [(b.code, b.message) for b in preflight.blockers] == [("statements_open", "1 份结算单尚未审结")]
    assert not preflight.ready
    assert preflight.content_hash == cycle_content_hash(cycle)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.jasmine.lines.filter(factor=0).update(amount=Decimal("0.01")),
        lambda m: Statement.objects.filter(pk=m.jasmine.pk).update(outcome="excluded"),
        lambda m: Statement.objects.filter(pk=m.jasmine.pk).update(exclusion_reason="x"),
        lambda m: MonthlyCycle.objects.update(scheme=make_scheme(version=2)),
        lambda m: MonthlyCycle.objects.update(scheme=make_scheme(code="b", definition={"unit": "x"})),
        lambda m: make_alert(m.cast.nowhere),
    ],
)
def test_the_months_hash_moves_with_its_content(reviewed: Month, change: Any) -> None:
    def now() -> str:
        return cycle_content_hash(MonthlyCycle.objects.get(pk=reviewed.cycle.pk))

    before = now()
    assert before == now()
    change(reviewed)
    assert now() != before


@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_evaluation() -> None:
    month = make_month()
    approve_all(month)
    seen = cycle_content_hash(month.cycle)

    def attempt() -> Evaluation:
        return evaluate(month, cycle=MonthlyCycle.objects.get(pk=month.cycle.pk), content_hash=seen)

    results = together(attempt, attempt)
    refusals = [result for result in results if isinstance(result, Conflict)]
    assert [refusal.code for refusal in refusals] == ["cycle_already_evaluated"]
    assert (Evaluation.objects.count(), Snapshot.objects.count(), SnapshotLine.objects.count()) == (1, 1, 6)


def test_a_failure_while_freezing_leaves_nothing(reviewed: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise MemoryError("disk full")

    monkeypatch.setattr(SnapshotLine.objects, "bulk_create", broken)
    with pytest.raises(MemoryError):
        evaluate(reviewed)
    assert (Evaluation.objects.count(), Snapshot.objects.count()) == (0, 0)
    assert MonthlyCycle.objects.get(pk=reviewed.cycle.pk).evaluated_at is None


def test_evaluations_are_append_only(reviewed: Month) -> None:
    evaluate(reviewed)
    with pytest.raises(IntegrityError, match="append-only table"), transaction.atomic():
        Evaluation.objects.update(comment="改")
    with pytest.raises(IntegrityError, match="append-only table"), transaction.atomic():
        Evaluation.objects.all().delete()
    assert Evaluation.objects.get().comment == "同意"
