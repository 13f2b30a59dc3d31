"""设备时钟偏差: punches of a device that arrive before they happened, or always the same while after."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from statistics import median_low

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, RegisteredRule, Values

AHEAD, BEHIND = "ahead", "behind"
RULE = Rule(
    code="clock_drift",
    title="设备时钟偏差",
    severity=Severity.LOW,
    blocking=False,
    looks_for="设备的打卡时间晚于平台收到的时间(时钟快), 或天天以几乎相同的时差晚到(时钟慢)",
    innocent="网络慢、定时批量上传: 各天的最短时差不一样, 不提示; 只要当天有一条打卡及时到达, 晚到的其他打卡不影响判断",
    basis="打卡时间是计算天数的依据, 时钟不准会把进出时间整体挪动",
    batch_dismissal=True,
    parameters=(
        Parameter("minutes", "偏差至少", "分钟", 2, 1, 60),
        Parameter("days", "持续天数至少", "天", 5, 2, 31),
    ),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per device, from the shortest time any punch of a day took to arrive."""
    lags: dict[tuple[int, str], dict[date, int]] = defaultdict(dict)
    for gate, day in facts.gates.gates.items():
        days = lags[gate.institution_id, gate.device]
        days[gate.date] = min(day.lag, days.get(gate.date, day.lag))
    findings = []
    for (pk, device), days in sorted(lags.items()):
        found = _drift(days, values)
        if found is not None:
            findings.append(_finding(pk, device, days, *found))
    return findings


def _drift(days: dict[date, int], values: Values) -> tuple[str, int] | None:
    """Kind and whole minutes; a clock that is behind is so every day, by the same amount within the tolerance."""
    least = values["minutes"] * 60
    ahead = [-lag for lag in days.values() if lag <= -least]
    if len(ahead) >= values["days"]:
        return AHEAD, median_low(ahead) // 60
    steady = sorted(days.values())
    if len(days) >= values["days"] and steady[0] >= least and steady[-1] - steady[0] < least:
        return BEHIND, median_low(steady) // 60
    return None


def _finding(pk: int, device: str, days: dict[date, int], kind: str, minutes: int) -> Finding:
    affected = sum((lag < 0) == (kind == AHEAD) for lag in days.values())
    return Finding(
        rule=RULE.code,
        subject_key=f"{pk}:{device}"[:100],
        institution_ids=(pk,),
        child_id=None,
        blocking=RULE.blocking,
        severity=RULE.severity,
        decisive={"institution_id": pk, "device": device, "kind": kind, "minutes": minutes},
        context={"days": affected},
        against=(
            Against(
                "batch_upload",
                False,
                "打卡早于收到的时间, 上传再慢也不会如此"
                if kind == AHEAD
                else "各天最短时差几乎一样, 不像定时上传",
            ),
        ),
    )


def summary(evidence: Evidence) -> str:
    word = "快" if evidence["kind"] == AHEAD else "慢"
    return f"设备 {evidence['device']} 的时钟约{word} {evidence['minutes']} 分钟"


def lines(evidence: Evidence) -> list[str]:
    return [summary(evidence), f"当月 {evidence['days']} 天如此"]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines)
