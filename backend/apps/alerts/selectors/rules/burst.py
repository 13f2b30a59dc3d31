"""集中刷卡: many different children at one device within seconds, as when one person holds a stack of cards."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.domain.sweep import bursts
from backend.apps.alerts.selectors.gate_days import Gate, GateDay
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, EvidenceDay, RegisteredRule, Values
from backend.apps.alerts.selectors.rules.wording import day_text
from backend.apps.attendance.models import Punch
from backend.apps.attendance.selectors.expressions import SHANGHAI

RULE = Rule(
    code="burst",
    title="集中刷卡",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="同一台设备在几秒到几十秒内刷了很多名不同的婴幼儿, 疑似一人代刷",
    innocent="校车到站、排队入园: 一个接一个也要几秒, 达不到人数; 同一张卡重复读取只算一次; 老师点名、补录不经过设备, 不在此列",
    basis="中山市审计局核查补贴时发现的时间、频次异常",
    parameters=(
        Parameter("children", "人数", "人", 10, 4, 60),
        Parameter("seconds", "时间", "秒", 20, 5, 300),
    ),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per device, day and direction; a child counts once, at its first punch there."""
    findings = []
    for gate, day in facts.gates.gates.items():
        if len(day.seconds) < values["children"]:
            continue
        inside = bursts(day.first_punches(), count=values["children"], seconds=values["seconds"])
        if inside:
            findings.append(_finding(facts, gate, day, inside))
    return findings


def _finding(facts: MonthFacts, gate: Gate, day: GateDay, inside: list[tuple[int, int]]) -> Finding:
    children = sorted({child for _, child in inside})
    elsewhere = facts.gates.children_at_other_devices(gate).intersection(children)
    first, last = inside[0][0], inside[-1][0]
    others = len(set(day.children)) - len(children)
    return Finding(
        rule=RULE.code,
        subject_key=f"{gate.institution_id}:{gate.date.isoformat()}:{gate.direction}:{gate.device}"[:100],
        institution_ids=(gate.institution_id,),
        child_id=None,
        blocking=RULE.blocking,
        severity=RULE.severity,
        decisive={
            "institution_id": gate.institution_id,
            "date": gate.date.isoformat(),
            "direction": gate.direction,
            "device": gate.device,
            "child_ids": children,
            "began_at": _clock(first),
            "ended_at": _clock(last),
        },
        context={"children": len(children), "seconds": last - first},
        against=(
            Against(
                "second_reader",
                len(elsewhere) == len(children),
                f"其中 {len(elsewhere)} 人在园内另一台设备上也有打卡",
            ),
            Against(
                "queue",
                last - first >= 3 * (len(children) - 1),
                f"平均每人 {_pace(last - first, len(children))} 秒; 当日该设备另有 {others} 人分散打卡",
            ),
        ),
    )


def _pace(seconds: int, children: int) -> str:
    return f"{seconds * 10 // max(children - 1, 1) / 10:.1f}"


def _clock(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).astimezone(SHANGHAI).strftime("%H:%M:%S")


def summary(evidence: Evidence) -> str:
    what = Punch.Direction(evidence["direction"]).label
    return (
        f"{day_text(evidence['date'])} {evidence['began_at']} 起 {evidence['seconds']} 秒内,"
        f" {evidence['children']} 名婴幼儿在同一台设备{what}"
    )


def lines(evidence: Evidence) -> list[str]:
    return [
        f"设备 {evidence['device']}, {evidence['began_at']} 至 {evidence['ended_at']}",
        f"{evidence['children']} 名不同的婴幼儿, 共 {evidence['seconds']} 秒",
    ]


def days(evidence: Evidence) -> list[EvidenceDay]:
    return [
        EvidenceDay(evidence["institution_id"], child, evidence["date"]) for child in evidence["child_ids"]
    ]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days)
