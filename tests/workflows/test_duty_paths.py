"""The static proof of 职责分离: it holds for our flows, and fails for every way in which somebody could break it."""

from __future__ import annotations

from typing import Any

import pytest
from viewflow import this
from viewflow.workflow import nodes
from viewflow.workflow.base import Flow

from backend.apps.subsidy.domain.duties import (
    COMPATIBLE,
    INCOMPATIBLE,
    Compatible,
    Duty,
    Incompatible,
    Within,
)
from workflows import checks
from workflows.duty_paths import Table, path_faults, sequences
from workflows.flows import FLOWS, HUMAN_NODES
from workflows.flows.monthly_cycle import MonthlyCycleFlow
from workflows.flows.statement_review import APPROVED, StatementReviewFlow
from workflows.locks import FLOW_LOCK
from workflows.models import StatementProcess
from workflows.nodes import HumanTask, Reach


def step(duty: Any) -> HumanTask:
    task = HumanTask(print, duty=duty, reach=Reach.COUNTY, decisions=(APPROVED,))
    return task.Permission("subsidy.review_county")


class LongerReview(Flow):
    """As if somebody added a third look, without saying whose duty it is."""

    process_class = StatementProcess
    lock_impl = FLOW_LOCK
    start = nodes.StartHandle(this.open).Next(this.review_county)
    review_county = step(Duty.REVIEW_COUNTY).Next(this.third_look)
    third_look = step(None).Next(this.end)
    end = nodes.End()

    def open(self, activation: Any) -> Any:
        return activation.process


def test_it_holds() -> None:
    assert list(path_faults(FLOWS)) == []
    assert checks.check_duties() == []


def test_what_it_looked_at() -> None:
    """Every human step, in both directions where a statement can come back, and across the fan-out."""
    pairs = {(first.node, second.node) for first, second in sequences(FLOWS)}
    assert {node for pair in pairs for node in pair} == {node.name for node in HUMAN_NODES}
    assert pairs == {
        ("set_attendance_days", "review_township"),
        ("set_attendance_days", "review_county"),
        ("set_attendance_days", "correct"),
        ("set_attendance_days", "evaluate"),
        ("review_township", "review_county"),
        ("review_township", "correct"),
        ("review_township", "evaluate"),
        ("review_county", "review_township"),
        ("review_county", "correct"),
        ("review_county", "evaluate"),
        ("correct", "review_township"),
        ("correct", "review_county"),
        ("correct", "evaluate"),
    }


def test_a_step_without_duty() -> None:
    assert list(path_faults([LongerReview])) == ["LongerReview.third_look: 没有职责"]


@pytest.mark.parametrize("node", [node.name for node in HUMAN_NODES])
def test_a_step_that_lost_its_duty(monkeypatch: pytest.MonkeyPatch, node: str) -> None:
    task = next(found for found in HUMAN_NODES if found.name == node)
    monkeypatch.setattr(task, "duty", None)
    assert [message.id for message in checks.check_duties()] == ["workflows.E020"]


def test_two_steps_with_one_duty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second pair of eyes would be the first."""
    monkeypatch.setattr(StatementReviewFlow.review_county, "duty", Duty.REVIEW_TOWNSHIP)
    assert list(path_faults(FLOWS)) == [
        "StatementReviewFlow.review_township: 与 StatementReviewFlow.review_county 共用职责初审, 两步可由一人办理"
    ]


def test_a_step_whose_act_nobody_would_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StatementReviewFlow.correct, "duty", Duty.PROPOSE_CORRECTION)
    assert list(path_faults(FLOWS)) == [
        "StatementReviewFlow.correct: 考勤更正申请由其他记录认定, 流程中的办理不会被看到"
    ]


@pytest.mark.parametrize("number", range(len(INCOMPATIBLE)))
def test_a_pair_taken_out_of_the_table(number: int) -> None:
    pair = INCOMPATIBLE[number]
    left = (*INCOMPATIBLE[:number], *INCOMPATIBLE[number + 1 :])
    faults = list(path_faults(FLOWS, Table(incompatible=left)))
    assert [fault for fault in faults if "没有规定" in fault] == faults
    assert len(faults) == 1
    assert {pair.one.word, pair.other.word} == set(faults[0].split(":")[0].split("与"))


def test_a_pair_said_twice_or_of_one_duty() -> None:
    twice = (*INCOMPATIBLE, Incompatible(Duty.EVALUATE, Duty.SET_DAYS, Within.CYCLE))
    assert list(path_faults(FLOWS, Table(incompatible=twice))) == [
        "应考勤天数设置与评定: 规定了不止一次能否由一人承担"
    ]
    itself = (*COMPATIBLE, Compatible(Duty.EVALUATE, Duty.EVALUATE, "同一人"))
    assert list(path_faults(FLOWS, Table(compatible=itself))) == ["评定: 一项职责不与自身比较"]


def test_a_conflict_that_would_never_be_seen() -> None:
    """Evaluation is about a month: a conflict on one statement cannot be looked up there."""
    narrowed = tuple(
        Incompatible(pair.one, pair.other, Within.STATEMENT) if pair.one is Duty.REVIEW_COUNTY else pair
        for pair in INCOMPATIBLE
    )
    assert list(path_faults(FLOWS, Table(incompatible=narrowed))) == [
        "StatementReviewFlow.review_county → MonthlyCycleFlow.evaluate: "
        "两项职责只在同一结算单上相斥, 但其中一步不针对结算单, 永远不会拒绝"
    ]


def test_a_forgotten_way_back_is_still_a_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the edge to the institution nothing follows but the end; with it, both reviews follow a correction."""
    monkeypatch.setattr(StatementReviewFlow.correct, "_outgoing", lambda: iter(()))
    pairs = {(first.node, second.node) for first, second in sequences(FLOWS)}
    assert ("correct", "review_county") not in pairs
    assert ("correct", "evaluate") in pairs  # the parent goes on all the same


def test_every_reason_is_written() -> None:
    assert all(len(pair.reason) >= 8 for pair in COMPATIBLE)
    assert MonthlyCycleFlow.evaluate.duty is Duty.EVALUATE
