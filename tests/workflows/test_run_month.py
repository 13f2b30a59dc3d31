"""manage.py run_month: the whole month by the demo accounts, once; again changes nothing; half-done months go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert, AlertOutcome
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.audit.models import AuditEvent
from backend.apps.reporting.models import ReportFile
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import (
    EntitlementLine,
    Evaluation,
    MonthlyCycle,
    Snapshot,
    SnapshotLine,
    Statement,
    StatementDecision,
)
from backend.apps.subsidy.selectors import snapshot_verify
from backend.common.errors import Conflict
from backend.common.stored_files import file_path
from tests.apps.months import make_alert, propose_correction
from tests.factories import Cast, cast, make_enrolment, make_scheme, make_workdays
from tests.support.feeds import settle_silent_days
from tests.workflows.world import OCTOBER, WORKDAYS, World
from workflows import steps
from workflows.actions import CLAIM
from workflows.models import ProcessEvent
from workflows.services import cycle_start, perform

pytestmark = pytest.mark.django_db(transaction=True)
REPORT = "嵊州市2026年10月托育机构考勤补助资金核定报告.pdf"
DETAIL = "嵊州市2026年10月托育机构考勤补助资金核定明细表.xlsx"
DEMO_NAMES = {
    "county_one": "county01",
    "county_two": "county02",
    "evaluator": "leader01",
    "town_sanjiang": "town01",
    "town_luoshan": "town02",
    "operator_jasmine": "operator01",
    "operator_bamboo": "operator02",
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def company() -> Iterator[Cast]:
    """The cast under the names of the demo accounts, six children, a scheme."""
    company = cast()
    for attribute, username in DEMO_NAMES.items():
        User.objects.filter(pk=getattr(company, attribute).pk).update(username=username)
    make_scheme(company.county, definition=DEFINITION)
    for institution in (company.jasmine, company.bamboo, company.nowhere):
        for number in (1, 2):
            enrolment = make_enrolment(institution=institution)
            make_workdays(enrolment.child, institution, WORKDAYS[: 6 - number])
    return company


def run_month(out: Path, month: str = "2026-10", **options: Any) -> str:
    said = StringIO()
    call_command("run_month", month, demo_actors=True, out=out, stdout=said, **options)
    return said.getvalue()


def refused(out: Path, *arguments: str, **options: Any) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("run_month", *arguments, out=out, stdout=StringIO(), **options)
    return str(caught.value)


def decisions() -> list[tuple[str, str, int, str, str]]:
    return [
        (name[3:5], step, number, decision, by)
        for name, step, number, decision, by in StatementDecision.objects.order_by("id").values_list(
            "statement__institution__name", "step", "round", "decision", "by_name"
        )
    ]


def everything() -> list[int]:
    models = (AuditEvent, ProcessEvent, StatementDecision, Evaluation, Snapshot, SnapshotLine, ReportFile)
    return [model.objects.count() for model in models]


def test_the_whole_month(company: Cast, out: Path) -> None:
    said = run_month(out)
    assert decisions() == [
        ("茉莉", "review_township", 1, "returned", "王三江"),
        ("青竹", "review_township", 1, "approved", "吴鹿山"),
        ("云朵", "review_township", 1, "approved", "沈复核"),
        ("茉莉", "correct", 1, "resubmitted", "李茉莉"),
        ("青竹", "review_county", 1, "approved", "陈审核"),
        ("云朵", "review_county", 1, "approved", "陈审核"),
        ("茉莉", "review_township", 2, "approved", "王三江"),
        ("茉莉", "review_county", 2, "approved", "陈审核"),
    ]
    correction = AttendanceCorrection.objects.get()
    assert (correction.state, correction.maker.username, correction.checker.username) == (
        "accepted",
        "operator01",
        "town01",
    )
    snapshot = Snapshot.objects.get()
    assert snapshot_verify(snapshot) == []
    # 18 required days by the calendar. 茉莉 350 × 6/18 (one corrected) + 350 × 4/18, 青竹 ungraded, 云朵 250 × 5/18 + 250 × 4/18.
    assert list(
        snapshot.statements.order_by("row_number").values_list("institution_name", "total_amount")
    ) == [
        ("嵊州市茉莉托育中心", Decimal("194.45")),
        ("嵊州市青竹幼儿园托育部", Decimal("0.00")),
        ("嵊州市云朵托育中心", Decimal("125.00")),
    ]
    assert snapshot.total_amount == Decimal("319.45")
    table = said[said.index("序号") :].splitlines()
    assert table[0].split() == [
        *("序号", "机构", "乡镇街道", "等级", "在托", "应补", "轮次", "结果", "金额(元)"),
    ]
    assert table[2].split() == [
        *("1", "嵊州市茉莉托育中心", "三江街道", "一级", "2", "2", "2", "已通过", "194.45"),
    ]
    assert "核定金额 319.45 元, 大写: 叁佰壹拾玖元肆角伍分" in said
    assert f"备份摘要 (SM3) {snapshot.digest}" in said
    assert sorted(path.name for path in out.iterdir()) == sorted([REPORT, DETAIL, "digest.txt"])
    assert (out / REPORT).read_bytes()[:5] == b"%PDF-"
    assert (out / DETAIL).read_bytes()[:2] == b"PK"
    assert re.search(rf"^SM3 +{snapshot.digest}$", (out / "digest.txt").read_text(), re.MULTILINE)


def test_again_changes_nothing(company: Cast, out: Path) -> None:
    run_month(out)
    before, times = everything(), {path: path.stat().st_mtime_ns for path in out.iterdir()}
    said = run_month(out)
    assert said.startswith("嵊州市 2026-10 该月已评定, 没有改动。核定金额 319.45 元, 备份摘要 ")
    assert everything() == before
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == times
    stored = [file_path(file.path) for file in ReportFile.objects.all()]
    stored[0].unlink()
    run_month(out.with_name("elsewhere"))
    assert stored[0].exists()
    assert {path.name: path.read_bytes() for path in (out.with_name("elsewhere")).iterdir()} == {
        path.name: path.read_bytes() for path in times
    }


def test_a_half_done_month_goes_on(company: Cast, out: Path) -> None:
    """Days set by hand, one task claimed, one decided, an alert open, a correction waiting."""
    settle_silent_days((company.jasmine, company.bamboo, company.nowhere), OCTOBER)
    world = World(company, cycle_start(county_code="330683000000", month=OCTOBER, actor=company.county_one))
    world.to_reviews()
    world.approve_township(company.bamboo)
    perform(
        task_id=world.open_task("review_township", company.jasmine).pk,
        actor=User.objects.get(username="town01"),
        action=CLAIM,
    )
    make_alert(company.jasmine)
    propose_correction(world.statement(company.jasmine), company.operator_jasmine)
    said = run_month(out)
    assert "沈复核 处置预警 1 条" in said
    assert "沈复核 核定考勤更正 1 条" in said
    assert Snapshot.objects.get().total_amount > 0
    assert Alert.objects.filter(state="open").count() == 0
    assert AlertOutcome.objects.get().reason.startswith("演示: ")
    assert [row[1:] for row in decisions() if row[0] == "青竹"] == [
        ("review_township", 1, "approved", "吴鹿山"),
        ("review_county", 1, "approved", "陈审核"),
    ]


def test_evaluated_by_hand_but_not_yet_reported(company: Cast, out: Path) -> None:
    settle_silent_days((company.jasmine, company.bamboo, company.nowhere), OCTOBER)
    world = World(company, cycle_start(county_code="330683000000", month=OCTOBER, actor=company.county_one))
    world.to_reviews()
    world.approve_all()
    world.evaluate()
    assert ReportFile.objects.count() == 0
    said = run_month(out)
    assert "后台作业完成 2 项" in said
    assert (out / REPORT).exists()
    assert Evaluation.objects.count() == 1


def test_what_cannot_be_approved_is_excluded_with_its_reason(company: Cast, out: Path) -> None:
    settle_silent_days((company.jasmine, company.bamboo, company.nowhere), OCTOBER)
    world = World(company, cycle_start(county_code="330683000000", month=OCTOBER, actor=company.county_one))
    world.to_reviews()
    Statement.objects.filter(institution=company.bamboo).update(unresolved_count=1)
    said = run_month(out)
    statement = Statement.objects.get(institution=company.bamboo)
    assert (statement.outcome, statement.exclusion_reason) == (
        "excluded",
        "演示: 不可通过: 1 名婴幼儿的补助标准或资料待补",
    )
    assert "不纳入 1 家" in said


def test_wrong_arguments(company: Cast, out: Path) -> None:
    demo = {"demo_actors": True}
    assert refused(out, "2026-10") == (
        "请加 --demo-actors: 本命令由演示账号办理; 正式的月份由各岗位人员在系统中办理"
    )
    assert refused(out, "2026-1", **demo) == "服务月应写作 YYYY-MM, 例如 2026-10; 收到的是 '2026-1'"
    assert refused(out, "2026-13", **demo) == "服务月超出范围: 2026-13"
    assert (
        refused(out, "2026-10", county="3306", **demo) == "县(市、区)代码应为 6 位或 12 位数字, 例如 330683"
    )
    assert refused(out, "2026-10", county="330699", **demo) == "没有这个县(市、区), 或不在您的权限范围内"
    assert refused(out, "2027-10", **demo) == (
        "2027 年放假安排尚未公布, 请按通知手工填写应考勤天数并写明依据"
    )
    assert refused(out, "2025-10", **demo) == "2025-10 没有已发布且已生效的补助方案, 请先发布方案"
    User.objects.filter(username="county01").update(username="x")
    assert refused(out, "2026-10", **demo) == "没有演示账号 county01, 请先运行 manage.py demo_seed"
    assert (MonthlyCycle.objects.count(), out.exists()) == (0, False)


def test_never_in_production(company: Cast, out: Path, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    assert refused(out, "2026-10", demo_actors=True) == "生产环境不能由演示账号办理月份"
    assert MonthlyCycle.objects.count() == 0


def test_a_task_somebody_else_holds(company: Cast, out: Path) -> None:
    world = World(company, cycle_start(county_code="330683000000", month=OCTOBER, actor=company.county_one))
    world.to_reviews()
    User.objects.filter(username="town02").update(username="wu")
    task = world.open_task("review_township", company.bamboo)
    perform(task_id=task.pk, actor=User.objects.get(username="wu"), action=CLAIM)
    assert refused(out, "2026-10", demo_actors=True) == (
        f"没有演示账号能办理“乡镇街道初审”(任务 {task.pk}, 已由 吴鹿山 认领)"
    )


def test_a_failed_job_is_named_and_later_resumed(
    company: Cast, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(**_: Any) -> None:
        raise Conflict("snapshot_damaged", "评定备份与封存摘要不符")

    monkeypatch.setattr(steps, "report_build", damaged)
    message = refused(out, "2026-10", demo_actors=True)
    assert re.fullmatch(
        r"后台作业“生成报表”失败 \(snapshot_damaged, 事件号 [0-9a-f]{32}\), 请排除原因后重启该作业", message
    )
    assert Evaluation.objects.count() == 1
    assert not out.exists()


def test_a_folder_that_cannot_be_written(company: Cast, out: Path) -> None:
    out.write_text("x")
    assert refused(out, "2026-10", demo_actors=True) == f"写不到 {out}: File exists"
    assert Evaluation.objects.count() == 1
    assert "该月已评定" in run_month(out.with_name("good"))


def test_the_demo_county_to_the_fen(out: Path) -> None:
    """The same figures on every database, and every line folds to its amount."""
    call_command("demo_seed", "--scale", "0.05", stdout=StringIO())
    run_month(out)
    snapshot = Snapshot.objects.get()
    assert (snapshot.line_count, snapshot.total_amount) == (179, Decimal("25762.77"))
    assert snapshot_verify(snapshot) == []
    assert EntitlementLine.objects.count() == snapshot.line_count
    assert len(AttendanceCorrection.objects.all()) == 1
