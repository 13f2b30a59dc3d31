"""职责分离证明: the table of a month names everybody with a part, and would name a breach if there were one."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.apps.subsidy.models import MonthlyCycle
from tests.apps.months import make_alert, settle
from tests.workflows.test_duty_predicates import act
from tests.workflows.world import World, fresh
from workflows.duties import INCOMPATIBLE, Duty, Within
from workflows.readings import task_read
from workflows.selectors.proof import DutyProof, duty_proof

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.runner.close_old_connections", lambda: None)


def shown(proof: DutyProof) -> dict[str, list[tuple[str, str]]]:
    rows = {row.institution_name: [(act.title, act.person) for act in row.acts] for row in proof.rows}
    return {"month": [(act.title, act.person) for act in proof.month_acts], **rows}


def test_a_whole_month(kept_review: World) -> None:
    cast = kept_review.cast
    settle(make_alert(cast.jasmine, blocking=False), cast.county_two)
    act(kept_review, Duty.PROPOSE_CORRECTION, cast.operator_bamboo, cast.bamboo)
    kept_review.approve_township(cast.jasmine)
    task_read(actor=fresh(cast.county_one), task_id=kept_review.open_task("review_county", cast.jasmine).pk)
    kept_review.approve_county(cast.jasmine)
    proof = duty_proof(kept_review.cycle)
    silent = [("未采集处置", "周采集")] * 31  # the world settled every day beforehand
    assert shown(proof) == {
        "month": [("月度周期开启", "陈审核"), ("应考勤天数设置", "陈审核")],
        cast.jasmine.name: [("预警处置", "沈复核"), *silent, ("初审", "王三江"), ("县级审核", "陈审核")],
        cast.bamboo.name: [("考勤更正申请", "周青竹"), *silent],
        cast.nowhere.name: silent,
    }
    assert (proof.breaches, proof.people) == ((), 5)
    reads = [one.read for row in proof.rows for one in row.acts]
    assert reads.count("打开 0/2 名婴幼儿, 0/1 条预警, 停留 0 秒") == 1
    assert json.loads(json.dumps(proof.document(), ensure_ascii=False))["breaches"] == []


@pytest.mark.parametrize("number", range(len(INCOMPATIBLE)))
def test_a_breach_would_be_named(kept_review: World, number: int) -> None:
    """Rows written past every refusal: no pair of the table escapes the proof."""
    pair, cast = INCOMPATIBLE[number], kept_review.cast
    person, jasmine = cast.leader, cast.jasmine
    act(kept_review, pair.one, person, jasmine)
    act(kept_review, pair.other, person, jasmine)
    cycle = MonthlyCycle.objects.get(pk=kept_review.cycle.pk)
    where = "本月" if pair.within is Within.CYCLE else f"{jasmine.name}的结算单上"
    sentences = [
        sentence for sentence in duty_proof(cycle).breaches if sentence.startswith(person.display_name)
    ]
    assert f"{person.display_name}在{where}既办理了{pair.one.word}, 又办理了{pair.other.word}" in sentences


def test_what_was_done_for_somebody_counts_for_both(kept_review: World) -> None:
    cast = kept_review.cast
    act(kept_review, Duty.REVIEW_TOWNSHIP, cast.county_two, cast.jasmine, cast.leader)
    act(kept_review, Duty.REVIEW_COUNTY, cast.leader, cast.jasmine)
    proof = duty_proof(kept_review.cycle)
    assert len(proof.breaches) == 1
    assert "既办理了初审, 又办理了县级审核" in proof.breaches[0]


def test_queries_do_not_grow(kept_review: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            duty_proof(kept_review.cycle)
        return len(captured)

    few = queries()
    for institution in (kept_review.cast.jasmine, kept_review.cast.bamboo, kept_review.cast.nowhere):
        kept_review.approve_township(institution)
        make_alert(institution, subject=f"2026-10-2{institution.pk % 10}", blocking=False)
    assert queries() == few <= 12
