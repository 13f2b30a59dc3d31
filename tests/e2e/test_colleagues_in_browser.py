"""委托 and 批量通过 in the browser: who stands in reads for whom, and many are approved with an answer for each."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from backend.apps.subsidy.models import StatementDecision
from tests.e2e.desk import run_jobs
from tests.factories import COUNTY, Cast
from tests.workflows.world import OCTOBER, World
from workflows.models import Delegation
from workflows.services import cycle_start

pytestmark = pytest.mark.django_db(transaction=True)


def test_somebody_stands_in_and_approves_many_at_once(sit: Any, company: Cast) -> None:
    world = World(company, cycle_start(county_code=COUNTY, month=OCTOBER, actor=company.county_one))
    world.to_reviews()
    for home in (company.jasmine, company.bamboo):
        world.approve_township(home)

    with sit("cast_county1") as desk:
        desk.go("/delegations")
        desk.page.get_by_role("button", name="新建委托").click()
        dialog = desk.page.get_by_role("dialog", name="新建委托")
        dialog.get_by_text("县级审核", exact=True).first.click()
        dialog.get_by_role("radio", name="沈复核").check(force=True)
        dialog.get_by_label("原因").fill("外出培训一周")
        dialog.get_by_role("button", name="确认委托").click()
        expect(desk.page.get_by_role("row").filter(has_text="县级审核")).to_contain_text("生效中")
    made = Delegation.objects.get()
    assert (made.person, made.delegate, made.permission) == (
        company.county_one,
        company.county_two,
        "subsidy.review_county",
    )

    with sit("cast_county2") as desk:
        desk.go("/delegations")
        expect(desk.page.get_by_label("今天受托代办")).to_contain_text("您正在代 陈审核 办理“县级审核”")
        desk.go(f"/cycles/{world.cycle.pk}/approvable")
        for home in (company.jasmine, company.bamboo):
            row = desk.page.get_by_role("row").filter(has_text=home.name)
            row.get_by_role("checkbox").check(force=True)
        expect(desk.page.get_by_text("已选 2 份")).to_be_visible()
        desk.page.get_by_role("button", name="通过所选").click()
        ask = desk.page.get_by_role("dialog")
        expect(ask).to_contain_text("4 名婴幼儿")
        expect(ask.get_by_role("button", name="确认通过 2 份")).to_be_disabled()
        ask.get_by_text("我已核对").click()
        ask.get_by_role("button", name="确认通过 2 份").click()
        expect(desk.page.get_by_role("heading", name="批量通过 2 份结算单")).to_be_visible()
        run_jobs()
        expect(desk.page.get_by_text("共 2 份：已通过 2，未办成 0")).to_be_visible()  # without a reload
    decided = StatementDecision.objects.filter(step="review_county").order_by("id")
    assert [(one.decision, one.by_name) for one in decided] == [("approved", "沈复核")] * 2
