"""Statements, their lines and what one line rests on: exact bodies, filters, bad input."""

from __future__ import annotations

from typing import Any

import pytest

from backend.apps.accounts.models import User
from backend.apps.attendance.models import Photo, Punch
from backend.apps.subsidy.models import EntitlementLine, Rate
from tests.api.month import Month, do, settle
from tests.api.support import assert_problem, get

pytestmark = pytest.mark.django_db


def line_of(month: Month, code: str) -> EntitlementLine:
    return EntitlementLine.objects.get(child__code=code, statement__cycle=month.cycle)


def names(user: User, path: str, **query: Any) -> list[str]:
    return [row["institution"]["name"] for row in get(user, path, **query).json()["results"]]


def test_rows_come_by_township_with_the_unknown_last(reviewed: Month) -> None:
    statement = reviewed.jasmine
    body = get(reviewed.cast.county_one, f"/cycles/{reviewed.cycle.pk}/statements").json()
    assert [row["institution"]["township_name"] for row in body["results"]] == ["三江街道", "鹿山街道", ""]
    assert body["next"] is None
    assert body["results"][0] == {
        "id": statement.pk,
        "cycle_id": reviewed.cycle.pk,
        "month": "2026-10",
        "institution": {
            "id": reviewed.cast.jasmine.pk,
            "name": "嵊州市茉莉托育中心",
            "grade": "一级",
            "township_name": "三江街道",
        },
        "round": 1,
        "state": "open",
        "position_title": "乡镇街道初审",
        "children_count": 3,
        "paid_children": 3,
        "places": 0,
        "total_amount": "815.28",
        "open_alerts": 1,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"township": "330683003000"}, ["嵊州市青竹幼儿园托育部"]),
        ({"township": "none"}, ["嵊州市云朵托育中心"]),
        ({"q": "托育中心"}, ["嵊州市茉莉托育中心", "嵊州市云朵托育中心"]),
        ({"q": "%"}, []),
        ({"state": "approved"}, []),
        ({"state": "open", "q": "青竹"}, ["嵊州市青竹幼儿园托育部"]),
    ],
)
def test_filters(reviewed: Month, query: dict[str, str], expected: list[str]) -> None:
    path = f"/cycles/{reviewed.cycle.pk}/statements"
    assert names(reviewed.cast.county_one, path, **query) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"township": "330683"}, "township"),
        ({"state": "finished"}, "state"),
        ({"q": "x" * 61}, "q"),
        ({"q": "a\x00"}, "q"),
        ({"limit": "0"}, "limit"),
        ({"month": "2026-13"}, "month"),
        ({"month": "二零二六"}, "month"),
    ],
)
def test_bad_filters_name_their_field(reviewed: Month, query: dict[str, str], field: str) -> None:
    problem = assert_problem(get(reviewed.cast.county_one, "/statements", **query), 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_an_operator_finds_its_statement_without_seeing_the_cycle(reviewed: Month) -> None:
    operator = reviewed.cast.operator_bamboo
    assert names(operator, "/statements", month="2026-10") == ["嵊州市青竹幼儿园托育部"]
    assert names(operator, "/statements", month="2026-09") == []
    assert names(operator, f"/cycles/{reviewed.cycle.pk}/statements") == ["嵊州市青竹幼儿园托育部"]
    assert_problem(get(operator, f"/cycles/{reviewed.cycle.pk}"), 403, "permission_denied")


def test_detail_before_and_after_decisions(reviewed: Month) -> None:
    company, statement = reviewed.cast, reviewed.jasmine
    before = get(company.town_sanjiang, f"/statements/{statement.pk}").json()
    assert before["county"] == {"code": "330683000000", "name": "嵊州市"}
    assert (before["required_days"], before["unresolved_count"]) == (18, 0)
    assert (before["decisions"], before["exclusion_reason"]) == ([], "")
    assert len(before["content_hash"]) == 64
    settle(reviewed, company.town_sanjiang)
    seen = get(company.town_sanjiang, f"/statements/{statement.pk}").json()["content_hash"]
    task_id = do(company.town_sanjiang, "approved", statement=statement, comment="核对无误")
    assert before["task_id"] == task_id
    after = get(company.county_one, f"/statements/{statement.pk}").json()
    assert after["decisions"] == [
        {
            "step": "review_township",
            "step_title": "乡镇街道初审",
            "round": 1,
            "decision": "approved",
            "decision_title": "通过",
            "comment": "核对无误",
            "marked_lines": [],
            "principal_name": "",
            "takeback": None,
            "content_hash": seen,
            "total_amount": "815.28",
            "by_name": "王三江",
            "at": "2026-11-02T09:00:00+08:00",
        }
    ]
    assert after["position_title"] == "县级审核"
    assert after["task_id"] not in (None, task_id)
    do(company.county_one, "excluded", statement=statement, comment="资料不全, 本月不计")
    excluded = get(company.county_one, f"/statements/{statement.pk}").json()
    assert (excluded["state"], excluded["exclusion_reason"]) == ("excluded", "资料不全, 本月不计")
    assert (excluded["task_id"], excluded["position_title"]) == (None, "")


def test_marked_lines_say_whom_they_are_about_and_nothing_more(reviewed: Month) -> None:
    """The county sends it back to the township with two rows marked: whoever gets it reads whom and why, masked."""
    company, statement = reviewed.cast, reviewed.jasmine
    settle(reviewed, company.town_sanjiang)
    do(company.town_sanjiang, "approved", statement=statement)
    first, second = statement.lines.order_by("child__code")[:2]
    marks = ((first.pk, "9 日缺离园打卡"), (second.pk, "请假未说明"))
    do(company.county_one, "back_to_township", statement=statement, comment="请再核两名婴幼儿", marks=marks)
    (*_, returned) = get(company.town_sanjiang, f"/statements/{statement.pk}").json()["decisions"]
    assert (returned["decision"], returned["by_name"], returned["comment"]) == (
        "back_to_township",
        "陈审核",
        "请再核两名婴幼儿",
    )
    assert returned["marked_lines"] == [
        {"line_id": first.pk, "subject": "王** (MOLI-1)", "reason": "9 日缺离园打卡"},
        {"line_id": second.pk, "subject": "欧*** (MOLI-2)", "reason": "请假未说明"},
    ]
    first.delete()
    (*_, returned) = get(company.operator_jasmine, f"/statements/{statement.pk}").json()["decisions"]
    assert [row["subject"] for row in returned["marked_lines"]] == ["该行已不在明细中", "欧*** (MOLI-2)"]


def test_lines_are_masked_and_exact(reviewed: Month) -> None:
    body = get(reviewed.cast.town_sanjiang, f"/statements/{reviewed.jasmine.pk}/lines").json()
    line = line_of(reviewed, "MOLI-2")
    assert [row["child_code"] for row in body["results"]] == ["MOLI-1", "MOLI-2", "MOLI-3"]
    assert body["results"][1] == {
        "id": line.pk,
        "child_id": line.child_id,
        "child_code": "MOLI-2",
        "child_name": "欧***",
        "class_type": "infant",
        "care_mode": "full_day",
        "attended_days": 17,
        "required_days": 18,
        "not_captured_days": 0,
        "factor": "0.944444",
        "rate_amount": "400.00",
        "amount": "377.78",
        "reason_code": "partial",
        "reason_text": "按比例",
        "places": None,
        "payments": [],
    }


def test_lines_by_reason(reviewed: Month) -> None:
    path = f"/statements/{reviewed.jasmine.pk}/lines"
    rows = get(reviewed.cast.county_one, path, reason="full").json()["results"]
    assert [row["child_code"] for row in rows] == ["MOLI-1"]


def test_a_line_explains_itself(reviewed: Month) -> None:
    line = line_of(reviewed, "MOLI-2")
    body = get(reviewed.cast.town_sanjiang, f"/lines/{line.pk}").json()
    rate = Rate.objects.get(grade_id="level_1", class_type="infant", care_mode="full_day")
    assert body["derivation"] == {
        "v": 1,
        "m": "2026-10",
        "d": "hhhhhhhPiMwPPPPPwwPPPPPwwPPPPPw",
        "r": "partial",
        "x": [
            "r",
            [
                "*",
                ["rate", rate.pk, "一级 乳儿班 全日托", "400.00", "测卫〔2026〕1号", "第三条", "2026-01-01"],
                ["min", ["/", ["n", "PMSC", "H"], ["=", "required", "18"]], ["=", "limit", "1"]],
            ],
        ],
    }
    assert body["derivation_text"] == (
        "一级 乳儿班 全日托 400 元〔测卫〔2026〕1号 第三条, 2026-01-01 起〕 × min(17/18, 1) ≈ 377.78 元"
    )
    assert body["numbers"] == [
        {"name": "计入天数", "value": "17"},
        {"name": "应考勤天数", "value": "18"},
        {"name": "上限系数", "value": "1"},
    ]
    assert body["nearest_text"] == (
        "再有 1 个有效日即为 400.00 元; 9 日有入园无离园; 少 1 个有效日则为 355.56 元"
    )
    assert len(body["days"]) == 31
    assert [day["status"] for day in body["days"]].count("counted") == 17
    assert body["days"][0] == {
        "date": "2026-10-01",
        "weekday": 4,
        "kind": "holiday",
        "label": "国庆节",
        "status": "not_counted",
        "reason_code": "holiday",
        "reason": "法定节假日",
        "first_in": None,
        "last_out": None,
        "punch_count": 0,
    }
    assert body["days"][8] == {
        "date": "2026-10-09",
        "weekday": 5,
        "kind": "workday",
        "label": "",
        "status": "not_counted",
        "reason_code": "missing_exit",
        "reason": "有入园无离园",
        "first_in": "2026-10-09T08:20:00+08:00",
        "last_out": None,
        "punch_count": 1,
    }
    assert (body["days"][9]["kind"], body["days"][9]["label"]) == ("makeup", "国庆节调休上班")
    assert len(body["punches"]) == 35


def test_punches_lead_to_photos(reviewed: Month) -> None:
    line = line_of(reviewed, "MOLI-1")
    punch = Punch.objects.filter(child=line.child).order_by("happened_at")[0]
    body = get(reviewed.cast.operator_jasmine, f"/lines/{line.pk}").json()
    assert body["punches"][0] == {
        "id": punch.pk,
        "happened_at": "2026-10-08T08:20:00+08:00",
        "arrived_at": "2026-10-08T08:20:02+08:00",
        "direction": "in",
        "source": "face",
        "device": "TEST-01",
        "photo_url": f"/api/v1/photos/{punch.photo_id}?punch={punch.pk}",
    }
    assert [p["photo_url"] for p in body["punches"][1:]] == [None] * 35
    Photo.objects.filter(pk=punch.photo_id).update(erased_at="2026-11-01T00:00:00Z")
    erased = get(reviewed.cast.operator_jasmine, f"/lines/{line.pk}").json()
    assert erased["punches"][0]["photo_url"] is None


def test_nothing_paid_is_explained_too(reviewed: Month) -> None:
    body = get(reviewed.cast.county_one, f"/lines/{line_of(reviewed, 'QINZ-1').pk}").json()
    assert (body["amount"], body["rate_amount"]) == ("0.00", None)
    assert body["reason_text"] == "机构等级不在补助范围"
    assert body["derivation_text"] == "不计补助: 机构等级不在补助范围 = 0.00 元"


def test_a_statement_before_the_evaluation_has_no_paper(reviewed: Month) -> None:
    response = get(reviewed.cast.operator_jasmine, f"/statements/{reviewed.jasmine.pk}/report")
    problem = assert_problem(response, 404, "statement_not_sealed")
    assert "评定之后可在这里下载" in problem["detail"]
