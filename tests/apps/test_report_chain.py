"""The review chain on both papers: what was returned, taken back, done for somebody else, and the evaluator's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.apps.reporting.selectors.month import report_month
from backend.apps.reporting.selectors.statement import report_statement, sealed_statement
from backend.apps.reporting.services import pdf as papers
from backend.apps.reporting.services.pdf import report_html, report_pdf
from backend.apps.reporting.services.statement import statement_pdf
from backend.apps.subsidy.models import Snapshot, Statement, Takeback
from backend.apps.subsidy.selectors import cycle_content_hash
from backend.apps.subsidy.services import cycle_evaluate, decision_take_back
from tests.apps.months import Month, decide, make_month
from tests.apps.papers import text_of
from tests.factories.people import make_user
from tests.factories.places import COUNTY

pytestmark = pytest.mark.django_db
EVALUATED = "同意核定, 请于月底前拨付"


@pytest.fixture
def month() -> Month:
    """茉莉: withdrawn, returned, resubmitted, approved for somebody else, reopened, approved. 青竹 excluded, 云朵 plain."""
    month = make_month()
    company = month.cast
    on_leave = make_user("township_reviewer", region_code="330683001000", display_name="孙代理")
    decide(month.jasmine, "review_township", "approved", company.town_sanjiang, comment="看错了一家")
    decision_take_back(
        statement=month.jasmine, kind=Takeback.Kind.WITHDRAWN, reason="选错机构", actor=company.town_sanjiang
    )
    line = month.jasmine.lines.order_by("id")[0].pk
    decide(
        month.jasmine, "review_township", "returned", company.town_sanjiang, comment="请补材料",
        marks={line: "缺请假条"},
    )  # fmt: skip
    decide(month.jasmine, "correct", "resubmitted", company.operator_jasmine, comment="已补")
    unchanged(month)
    decide(month.jasmine, "review_township", "approved", company.town_sanjiang, principal=on_leave)
    decide(month.jasmine, "review_county", "approved", company.county_one)
    decision_take_back(
        statement=month.jasmine, kind=Takeback.Kind.REOPENED, reason="接到举报, 重新核实", actor=company.county_two
    )  # fmt: skip
    unchanged(month)
    decide(month.jasmine, "review_county", "approved", company.county_one, comment="核实无误")
    decide(month.bamboo, "review_township", "approved", company.town_luoshan)
    decide(month.bamboo, "review_county", "excluded", company.county_one, comment="备案已失效")
    decide(month.nowhere, "review_township", "approved", company.county_two)
    decide(month.nowhere, "review_county", "approved", company.county_one)
    leader = make_user("evaluator", region_code=COUNTY, display_name="钱局长", username="leader-away")
    cycle_evaluate(
        cycle=month.cycle,
        actor=company.evaluator,
        principal=leader,
        comment=EVALUATED,
        content_hash=cycle_content_hash(month.cycle),
    )
    return month


def unchanged(month: Month) -> None:
    """The calculation that was asked for came to the same amounts."""
    Statement.objects.filter(pk=month.jasmine.pk).update(recalculate_round=None)


def wide(text: str) -> str:
    return text.replace(",", "，")


def test_the_statement_tells_the_whole_chain(month: Month, tmp_path: Path) -> None:
    found = report_statement(sealed_statement(cycle_id=month.cycle.pk, institution_id=month.cast.jasmine.pk))
    assert [(act.step, act.decision, act.person, act.comment, act.holds) for act in found.acts] == [
        ("乡镇街道初审", "通过（已撤回）", "王三江", "看错了一家", False),
        ("撤回乡镇街道初审的意见", "撤回", "王三江", "选错机构", True),
        ("乡镇街道初审（第 2 轮）", "退回", "王三江", "请补材料；标注明细 1 行", True),
        ("机构更正（第 2 轮）", "重新提交", "李茉莉", "已补", True),
        ("乡镇街道初审（第 3 轮）", "通过", "王三江（受孙代理委托）", "", True),
        ("县级审核（第 3 轮）", "通过（已重新审核）", "陈审核", "", False),
        ("重新审核", "重新审核", "沈复核", "接到举报, 重新核实", True),
        ("县级审核（第 4 轮）", "通过", "陈审核", "核实无误", True),
    ]
    text = wide(text_of(statement_pdf(found), tmp_path))
    for expected in (
        *("选错机构", "接到举报，重新核实", "孙代理", "标注明细1行"),
        *("钱局长", "同意核定，请于月底前拨付", "注明“已撤回”“已重新审核”的意见不再有效"),
    ):
        assert expected in text, expected


def test_a_plain_chain_needs_no_explanation(month: Month, tmp_path: Path) -> None:
    found = report_statement(sealed_statement(cycle_id=month.cycle.pk, institution_id=month.cast.nowhere.pk))
    assert [(act.decision, act.plain) for act in found.acts] == [("通过", True), ("通过", True)]
    assert "不再有效" not in text_of(statement_pdf(found), tmp_path)


def test_the_county_report_lists_all_but_plain_approvals(
    month: Month, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = report_month(Snapshot.objects.get())
    assert [(name, act.decision) for name, act in whole.explained_acts] == [
        ("嵊州市茉莉托育中心", "通过（已撤回）"),
        ("嵊州市茉莉托育中心", "撤回"),
        ("嵊州市茉莉托育中心", "退回"),
        ("嵊州市茉莉托育中心", "重新提交"),
        ("嵊州市茉莉托育中心", "通过"),
        ("嵊州市茉莉托育中心", "通过（已重新审核）"),
        ("嵊州市茉莉托育中心", "重新审核"),
        ("嵊州市青竹幼儿园托育部", "不纳入本月"),
    ]
    assert whole.evaluated_by == "赵评定（受钱局长委托）"
    text = wide(text_of(report_pdf(whole, [], detail_name="x"), tmp_path))
    for expected in ("评定人：赵评定（受钱局长委托）", "接到举报，重新核实", "选错机构", "孙代理"):
        assert expected in text, expected
    monkeypatch.setattr(papers, "LAID_OUT_MAX", 3)
    assert "另有 5 次，载于各机构的结算单" in report_html(whole, detail_name="x", family="x")
