"""Trying a scheme over HTTP: check, release by a second person, replay, scenario files, 差一点点."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Scheme
from backend.apps.subsidy.services import cycle_calculate
from tests.api.month import Month
from tests.api.support import assert_problem, get, post
from tests.api.test_schemes import NOW, content, draft, put, rate, refused, stored

pytestmark = pytest.mark.django_db
OCTOBER = {"month": "2026-10"}
FILE = Path(__file__).parents[1] / "scenarios" / "r10_hunan_threshold.yaml"


def sums(lines: int, changed: int, *yuan: str) -> dict[str, Any]:
    names = ("before", "after", "difference", "gain", "loss")
    return {"lines": lines, "changed": changed, **dict(zip(names, yuan, strict=True))}


TOTAL = sums(5, 5, "1065.28", "1200.00", "134.72", "350.00", "215.28")


def replayed(month: Month, scheme_id: int) -> dict[str, Any]:
    """350 + 377.78 + 87.50 at 茉莉, nothing at 青竹, 250 at 云朵; under the draft 300 for each at 15 days."""
    company = month.cast
    jasmine = sums(3, 3, "815.28", "600.00", "-215.28", "0.00", "215.28")
    bamboo = sums(1, 1, "0.00", "300.00", "300.00", "300.00", "0.00")
    nowhere = sums(1, 1, "250.00", "300.00", "50.00", "50.00", "0.00")
    steps = [
        ("减少超过 200 元", 0),
        ("减少 100 至 200 元", 0),
        ("减少 50 至 100 元", 2),
        ("减少 50 元以内", 1),
        ("不变", 0),
        ("增加 50 元以内", 1),
        ("增加 50 至 100 元", 0),
        ("增加 100 至 200 元", 0),
        ("增加超过 200 元", 1),
    ]
    of_month = {"base_scheme_id": month.cycle.scheme_id, "evaluated": False, "stored_total": "1065.28"}
    return {
        "scheme_id": scheme_id,
        "total": TOTAL,
        "by_month": [TOTAL | OCTOBER | of_month | {"drift": 0}],
        "by_institution": [
            figures | {"institution": {"id": place.pk, "name": place.name}}
            for figures, place in (
                (jasmine, company.jasmine),
                (bamboo, company.bamboo),
                (nowhere, company.nowhere),
            )
        ],
        "by_grade": [
            jasmine | {"grade": "level_1", "grade_name": "一级"},
            nowhere | {"grade": "level_3", "grade_name": "三级"},
            bamboo | {"grade": "ungraded", "grade_name": "未评级"},
        ],
        "distribution": [{"title": title, "lines": lines} for title, lines in steps],
        "blocked_before": 0,
        "blocked_after": 0,
    }


def test_a_replay_leaves_no_trace(reviewed: Month) -> None:
    made = draft(reviewed)
    before = stored()
    path = f"/schemes/{made['id']}/replay"
    for user in (reviewed.cast.county_one, reviewed.cast.evaluator):
        body = post(user, path, {"months": ["2026-10", "2026-10"]}).json()
        assert body == replayed(reviewed, made["id"])
    assert stored() == before


def test_the_rule_in_force_changes_nothing(reviewed: Month) -> None:
    path = f"/schemes/{reviewed.cycle.scheme_id}/replay"
    body = post(reviewed.cast.county_one, path, {"months": ["2026-10"]}).json()
    assert body["total"] == sums(5, 0, "1065.28", "1065.28", "0.00", "0.00", "0.00")
    assert {step["title"]: step["lines"] for step in body["distribution"] if step["lines"]} == {"不变": 5}


def test_check_and_release_by_a_second_person(reviewed: Month) -> None:
    made, company = draft(reviewed), reviewed.cast
    path = f"/schemes/{made['id']}"
    body = post(company.county_one, f"{path}/check", OCTOBER).json()
    changes = body.pop("changes")
    assert body == replayed(reviewed, made["id"]) | {"content_hash": made["content_hash"]}
    assert [(c["child_code"], c["difference"]) for c in changes] == [
        ("QINZ-1", "300.00"),
        ("MOLI-3", "-87.50"),
        ("MOLI-2", "-77.78"),
        ("MOLI-1", "-50.00"),
        ("YUND-1", "50.00"),
    ]
    assert changes[1] == {
        "child_id": reviewed.children["MOLI-3"].pk,
        "child_code": "MOLI-3",
        "institution": {"id": company.jasmine.pk, "name": "嵊州市茉莉托育中心"},
        "before": "87.50",
        "after": "0.00",
        "difference": "-87.50",
        "reason_before": "按比例",
        "reason_after": "未达起付天数",
    }
    release = {"content_hash": made["content_hash"]}
    refused(lambda: post(company.county_one, f"{path}/release", release), 403, "separation_of_duties")
    seen = get(company.evaluator, path).json()
    assert (seen["checked"], seen["can_edit"], seen["can_release"]) == (True, False, True)
    totals = {"lines": 5, "changed": 5, "before": "1065.28", "after": "1200.00", "blocked": 0}
    assert seen["events"][1] == {
        "kind": "checked",
        "kind_title": "试算核对",
        "content_hash": made["content_hash"],
        "month": "2026-10",
        "totals": totals,
        "by_name": "陈审核",
        "at": NOW,
    }
    done = post(company.evaluator, f"{path}/release", release).json()
    assert (done["state"], done["released_by_name"], done["released_at"]) == ("released", "赵评定", NOW)
    assert [e["kind"] for e in done["events"]] == ["drafted", "checked", "released"]
    refused(lambda: put(company.county_one, path, content() | release), 409, "scheme_released")
    refused(lambda: post(company.county_one, f"{path}/check", OCTOBER), 409, "scheme_released")


MISSING = [
    ("2026-09", 409, "required_days_missing", "2026-09 尚未设置应考勤天数, 不能试算"),
    ("2025-01", 409, "scheme_missing", "2025-01 没有已生效的补助方案, 无从比较"),
]


@pytest.mark.parametrize(("month", "status", "code", "detail"), MISSING)
def test_a_month_that_cannot_be_tried_says_why(
    reviewed: Month, month: str, status: int, code: str, detail: str
) -> None:
    path = f"/schemes/{draft(reviewed)['id']}"
    user = reviewed.cast.county_one
    assert (
        refused(lambda: post(user, f"{path}/replay", {"months": [month]}), status, code)["detail"] == detail
    )
    assert refused(lambda: post(user, f"{path}/check", {"month": month}), status, code)["detail"] == detail


def test_a_check_takes_a_month_that_is_over(reviewed: Month) -> None:
    path = f"/schemes/{draft(reviewed)['id']}/check"
    problem = refused(
        lambda: post(reviewed.cast.county_one, path, {"month": "2026-11"}), 400, "month_not_past"
    )
    assert problem["detail"] == "2026-11 还没有结束, 请选一个已经结束的月份"


@pytest.mark.parametrize(
    ("months", "field"),
    [
        ([], "months"),
        (["2026-13"], "months.0"),
        (["２０２６-10"], "months.0"),
        (["9999-12"], "months.0"),
        ([202610], "months.0"),
        ("2026-10", "months"),
        (["2026-10"] * 37, "months"),
        (None, "months"),
    ],
)
def test_odd_months(reviewed: Month, months: Any, field: str) -> None:
    path = f"/schemes/{draft(reviewed)['id']}/replay"
    problem = refused(lambda: post(reviewed.cast.county_one, path, {"months": months}), 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_children_on_a_threshold(reviewed: Month) -> None:
    """At eighteen days three stand on the line (喆一 with nine does not), 欧阳娜娜 with seventeen is one below."""
    definition = {"format": 1, "axes": [], "factor": {"family": "threshold", "days": 18}}
    made = draft(
        reviewed, starts_on="2026-10-01", definition=definition, rates=[rate(starts_on="2026-10-01")]
    )
    MonthlyCycle.objects.filter(pk=reviewed.cycle.pk).update(scheme=Scheme.objects.get(pk=made["id"]))
    cycle_calculate(cycle_id=reviewed.cycle.pk)
    company, path = reviewed.cast, f"/cycles/{reviewed.cycle.pk}/edges"
    rows = [
        {"on": on, "one_below": below, "lines": lines, "institution": {"id": place.pk, "name": place.name}}
        for place, on, below, lines in (
            (company.nowhere, 1, 0, 1),
            (company.jasmine, 1, 1, 3),
            (company.bamboo, 1, 0, 1),
        )
    ]
    assert get(company.county_one, path).json() == {
        "cycle_id": reviewed.cycle.pk,
        "month": "2026-10",
        "total": {"on": 3, "one_below": 1, "lines": 5},
        "institutions": rows,
    }
    of_town = get(company.town_sanjiang, path).json()
    assert (of_town["total"], of_town["institutions"]) == ({"on": 1, "one_below": 1, "lines": 3}, [rows[1]])


def test_the_smallest_change_of_one_line(reviewed: Month) -> None:
    def nearest(code: str) -> Any:
        line = EntitlementLine.objects.get(child=reviewed.children[code])
        return get(reviewed.cast.county_one, f"/lines/{line.pk}").json()["nearest"]

    assert nearest("MOLI-2") == {
        "more": {"dates": ["2026-10-09"], "amount": "400.00"},
        "fewer": {"dates": ["2026-10-30"], "amount": "355.56"},
    }
    assert nearest("MOLI-1") == {"more": None, "fewer": {"dates": ["2026-10-30"], "amount": "330.56"}}
    assert nearest("QINZ-1") == {"more": None, "fewer": None}


def test_a_scenario_file(reviewed: Month) -> None:
    user, text = reviewed.cast.evaluator, FILE.read_text("utf-8")
    body = post(user, "/scenario-checks", {"text": text}).json()
    assert (body["failed"], body["errors"], body["outcomes"][0]["differences"]) == (0, [], [])
    assert len(body["outcomes"]) > 5
    assert set(body["outcomes"][0]) == {
        *("case", "days", "factor", "amount", "reason", "formula", "differences")
    }


def test_the_example_agrees_with_itself(reviewed: Month) -> None:
    user = reviewed.cast.county_one
    text = get(user, "/scenario-checks").json()["text"]
    body = post(user, "/scenario-checks", {"text": text}).json()
    assert (body["failed"], body["errors"]) == (0, [])


@pytest.mark.parametrize("file", sorted(FILE.parent.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_scenario_file_becomes_a_draft_that_says_the_same(reviewed: Month, file: Path) -> None:
    user = reviewed.cast.county_one
    found = post(user, "/scenario-checks", {"text": file.read_text("utf-8")}).json()["scheme"]
    body = draft(reviewed, code="from-file", **found)
    assert body["definition"] == found["definition"]
    assert sorted(body["rates"], key=str) == sorted(found["rates"], key=str)
    assert len(found["rates"]) > 0


SMALL = """名称: 十五天
方案:
  规则: {format: 1, axes: [], factor: {family: threshold, days: 15}}
  标准:
    - {金额: 300, 文号: 试1号, 起始日期: 2026-01-01}
月份: 2026-10
婴幼儿: {出生日期: 2024-05-01, 班型: 托小班, 托育模式: 全日托, 入托日期: 2026-03-02}
用例集:
  - 用例: 十五天
    出勤天数: 15
    应得: {金额: 300.00, 原因: 全额}
  - 用例: 十四天
    出勤天数: 14
    应得: {金额: 280.00, 原因: 未达起付天数}
"""


def test_a_case_that_comes_out_differently(reviewed: Month) -> None:
    body = post(reviewed.cast.county_one, "/scenario-checks", {"text": SMALL}).json()
    assert (body["name"], body["failed"], body["errors"]) == ("十五天", 1, [])
    assert [(o["case"], o["amount"], o["differences"]) for o in body["outcomes"]] == [
        ("十五天", "300.00", []),
        ("十四天", "0.00", ["金额应为 280.00, 算得 0.00"]),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("金额: 300,", "金额: 1e500,", 5, "方案.标准[1].金额"),
        ("金额: 300,", "金额: .nan,", 5, "方案.标准[1].金额"),
        ("金额: 300,", "金额: ３００,", 5, "方案.标准[1].金额"),
        ("金额: 300,", "金额: -1,", 5, "方案.标准[1].金额"),
        ("days: 15", "days: 1e500", 3, "方案.规则.factor.days"),
        ("出勤天数: 14", "出勤天数: 40", 13, "用例集[2].出勤天数"),
        ("月份: 2026-10", "月份: 2026-13", 9, "用例集[1]"),
        ("入托日期: 2026-03-02", "入托日期: 2026-02-30", 7, "婴幼儿.入托日期"),
        ("托小班", "小小班", 7, "婴幼儿.班型"),
        ("名称: 十五天", "名字: 十五天", 1, "名字"),
        ("名称: 十五天", 'name: "\\uD800"', 1, ""),
        ("名称: 十五天", 'name: "\\UFFFFFFFF"', 0, ""),
        ("名称: 十五天", "name: " + "[" * 3000, 0, ""),
    ],
)
def test_a_wrong_file_is_answered_with_line_and_key(
    reviewed: Month, old: str, new: str, line: int, key: str
) -> None:
    response = post(reviewed.cast.county_one, "/scenario-checks", {"text": SMALL.replace(old, new, 1)})
    body = response.json()
    assert response.status_code == 200, body
    assert (body["outcomes"], [(e["line"], e["key"]) for e in body["errors"]]) == ([], [(line, key)])
    assert body["scheme"] is None
    assert body["errors"][0]["message"]


def test_a_file_without_content_or_too_long(reviewed: Month) -> None:
    for text in ("", "a" * 100_001, None, 5.5e300):
        response = post(reviewed.cast.county_one, "/scenario-checks", {"text": text})
        if not isinstance(text, float):
            assert_problem(response, 400, "invalid_input")
        else:
            assert response.json()["errors"][0]["line"] == 1
