"""October 2026 in the browser, each person at their own desk, from opening the month to the PDF."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db.models import Sum
from playwright.sync_api import Playwright, expect

from backend.apps.subsidy.models import MonthlyCycle, Snapshot, Statement
from tests.apps.months import make_alert
from tests.e2e.desk import NOW, Desk, run_jobs
from tests.factories import COUNTY, Cast
from tests.workflows.world import OCTOBER, World
from workflows.services import cycle_start

pytestmark = pytest.mark.django_db(transaction=True)


def position(desk: Desk, cycle_id: int) -> str:
    """The step the bar and the diagram show as current."""
    desk.go(f"/cycles/{cycle_id}")
    return desk.page.locator("[aria-current=step]").inner_text()


def approve(sit: Any, username: str, step: str, institution: str) -> None:
    with sit(username) as desk:
        desk.open_task(step, institution)
        desk.decide("通过")


def test_month_from_required_days_to_report(sit: Any, company: Cast) -> None:
    with sit("cast_county1") as desk:
        expect(desk.page.get_by_role("heading", name="我的任务")).to_be_visible()
        desk.page.clock.set_fixed_time(NOW)
        desk.go("/cycles")
        desk.page.get_by_role("button", name="开启月度周期").click()
        expect(desk.page.get_by_role("dialog")).to_contain_text("2026年10月")
        desk.page.get_by_role("button", name="确认开启").click()
        expect(desk.page.get_by_role("heading", name=re.compile("2026年10月"))).to_be_visible()
        cycle = MonthlyCycle.objects.get()
        assert "设置应考勤天数" in position(desk, cycle.pk)
        desk.open_task("设置应考勤天数")
        desk.decide("确定应考勤天数")
    run_jobs()
    assert (
        list(Statement.objects.order_by("institution_id").values_list("required_days", "children_count"))
        == [(18, 2)] * 3
    )

    with sit("cast_sanjiang") as desk:
        assert "各机构结算单审核" in position(desk, cycle.pk)
        desk.open_task("乡镇街道初审", company.jasmine.name)
        desk.decide("退回", "9 日有幼儿有入园无离园, 请说明")
    with sit("cast_jasmine") as desk:
        desk.open_task("机构更正", company.jasmine.name)
        expect(desk.page.get_by_text("9 日有幼儿有入园无离园, 请说明").first).to_be_visible()
        desk.decide("重新提交", "已核对门卫登记, 当日均正常离园")
    with sit("cast_sanjiang") as desk:
        desk.open_task("乡镇街道初审", company.jasmine.name)
        panel = desk.page.get_by_role("region", name="办理", exact=True)
        expect(panel.get_by_text("正在按最新考勤重新计算")).to_be_visible()
        run_jobs()
        expect(panel.get_by_text("正在按最新考勤重新计算")).to_be_hidden()  # without a reload
        desk.decide("通过")
    approve(sit, "cast_luoshan", "乡镇街道初审", company.bamboo.name)
    approve(sit, "cast_county2", "乡镇街道初审", company.nowhere.name)
    for institution in (company.jasmine, company.bamboo):
        approve(sit, "cast_county1", "县级审核", institution.name)
    with sit("cast_county1") as desk:
        desk.open_task("县级审核", company.nowhere.name)
        desk.decide("不纳入本月", "乡镇街道归属未定")

    with sit("cast_evaluator") as desk:
        assert "评定" in position(desk, cycle.pk)
        desk.open_task("评定")
        desk.decide("评定", "同意", pledge=True)
    run_jobs()

    snapshot = Snapshot.objects.get()
    paid = Statement.objects.exclude(institution=company.nowhere).aggregate(total=Sum("total_amount"))[
        "total"
    ]
    assert (snapshot.line_count, snapshot.total_amount) == (6, paid)  # what is not paid is sealed, too
    with sit("cast_auditor") as desk:
        desk.go(f"/cycles/{cycle.pk}")
        expect(desk.page.get_by_text(snapshot.seal.code).first).to_be_visible()
        expect(desk.page.get_by_text("封存包已写入").first).to_be_visible()
        desk.page.get_by_role("tab", name="报告").click()
        with desk.page.expect_download() as waiting:
            desk.page.get_by_role("row").filter(has_text="PDF").get_by_role("link", name="下载").click()
        assert waiting.value.path().read_bytes().startswith(b"%PDF-")
        desk.go("/seals")
        desk.page.get_by_role("link", name="2026年10月").click()
        desk.page.get_by_role("button", name="立即核验").click()
        expect(desk.page.get_by_text("完全一致")).to_be_visible()
        with desk.page.expect_download() as waiting:
            desk.page.get_by_role("link", name="下载封存包").click()
        assert waiting.value.path().read_bytes().startswith(b"PK")


def test_phone_approves_by_the_same_task(
    sit: Any, company: Cast, playwright: Playwright, browser_context_args: dict[str, Any]
) -> None:
    """浙政钉: the township finds the statement in its box and approves; nothing scrolls sideways."""
    world = World(company, cycle_start(county_code=COUNTY, month=OCTOBER, actor=company.county_one))
    world.to_reviews()
    statement = world.statement(company.jasmine)
    with sit("cast_sanjiang", "/m/", phone=playwright.devices["Pixel 5"]) as desk:
        desk.page.goto(f"{desk.site}/m/#/tasks?box=queue")
        desk.page.get_by_text(company.jasmine.name).first.click()
        desk.page.get_by_role("button", name="通过", exact=True).click()
        desk.page.get_by_role("button", name="确认通过").click()
        expect(desk.page.get_by_text("已办结").first).to_be_visible()
        assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    decision = statement.decisions.get()
    assert (decision.step, decision.decision, decision.by_name) == ("review_township", "approved", "王三江")


def test_what_changed_while_somebody_read_is_shown_and_confirmed_by_one_press(
    sit: Any, company: Cast
) -> None:
    """批的是这一版 and 看没看: another person's correction comes in between; the decision says what was confirmed and opened."""
    world = World(company, cycle_start(county_code=COUNTY, month=OCTOBER, actor=company.county_one))
    world.to_reviews()
    statement = world.statement(company.jasmine)
    with sit("cast_sanjiang") as desk:
        desk.open_task("乡镇街道初审", company.jasmine.name)
        desk.page.locator("table button.zs-link").first.click()
        expect(desk.page.get_by_role("heading", name="为什么是这个金额")).to_be_visible()
        desk.page.keyboard.press("Escape")
        make_alert(company.jasmine, blocking=False)
        desk.errors.clear()
        panel = desk.page.get_by_role("region", name="办理", exact=True)
        panel.get_by_role("button", name="通过", exact=True).click()
        desk.page.get_by_role("button", name="确认通过", exact=True).click()
        changed = desk.page.get_by_role("dialog").filter(has_text="内容已变化")
        expect(changed).to_contain_text("新增预警")
        desk.errors.clear()  # the browser writes every 409 to its console
        changed.get_by_role("button", name="已核对变化，确认通过").click()
        expect(panel.get_by_text("本任务已办结")).to_be_visible()
        expect(desk.page.get_by_text("办理前确认了变化：1 条预警")).to_be_visible()
        expect(desk.page.get_by_text(re.compile("打开 1/2 名婴幼儿"))).to_be_visible()
    assert statement.decisions.get().decision == "approved"


def test_a_colleague_is_asked_first_and_the_county_sends_rows_back(
    sit: Any, company: Cast, playwright: Playwright
) -> None:
    """加签 by keyboard, the opinion, the decision that waited for it, and on the phone the reason of a marked row."""
    world = World(company, cycle_start(county_code=COUNTY, month=OCTOBER, actor=company.county_one))
    world.to_reviews()
    statement = world.statement(company.jasmine)
    with sit("cast_sanjiang") as desk, sit("cast_county1") as asked:
        desk.open_task("乡镇街道初审", company.jasmine.name)
        panel = desk.page.get_by_role("region", name="办理", exact=True)
        button = panel.get_by_role("button", name="加签", exact=True)
        dialog = desk.page.get_by_role("dialog", name="加签")
        button.press("Enter")
        expect(dialog.get_by_label("按姓名查找")).to_be_focused()
        desk.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(button).to_be_focused()
        button.press("Enter")
        expect(dialog.get_by_role("checkbox", name="吴鹿山")).to_be_disabled()  # another township
        dialog.get_by_role("checkbox", name="陈审核").press("Space")
        dialog.get_by_label("征求意见的问题").fill("9 日是否属实?")
        dialog.get_by_role("button", name="确认加签").press("Enter")
        expect(panel.get_by_text("正在等待 陈审核 的意见")).to_be_visible()

        asked.go("/tasks?box=asked")
        asked.page.get_by_role("link", name="乡镇街道初审").click()
        asked.page.get_by_role("button", name="发表意见").click()
        asked.page.get_by_label("意见", exact=True).last.fill("门卫登记齐全, 属实")
        asked.page.get_by_role("button", name="确认答复意见").click()
        expect(asked.page.get_by_role("button", name="发表意见")).to_be_hidden()

        desk.page.reload()
        expect(desk.page.get_by_role("region", name="加签与抄送")).to_contain_text("门卫登记齐全, 属实")
        desk.decide("通过")
    with sit("cast_county2") as desk:
        desk.open_task("县级审核", company.jasmine.name)
        desk.page.get_by_role("checkbox").first.check()
        desk.page.get_by_label(re.compile("的核对原因$")).fill("9 日缺离园打卡")
        desk.decide("退回初审", "请再核标出的一行")
    with sit("cast_sanjiang", "/m/", phone=playwright.devices["Pixel 5"]) as desk:
        desk.page.goto(f"{desk.site}/m/#/tasks?box=queue")
        desk.page.get_by_text(company.jasmine.name).first.click()
        expect(desk.page.get_by_text("第 1 轮退回乡镇街道初审")).to_be_visible()
        expect(desk.page.get_by_role("listitem")).to_contain_text("9 日缺离园打卡")
        assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [one.decision for one in statement.decisions.order_by("id")] == ["approved", "back_to_township"]
