"""门槛扎堆: far more children exactly on the scheme's day threshold than one day below or above it."""

from __future__ import annotations

from collections import defaultdict

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts, MonthRow
from backend.apps.alerts.selectors.rules.registered import Evidence, RegisteredRule, Values

RULE = Rule(
    code="pile_up",
    title="门槛扎堆",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="实际天数恰好等于补助方案门槛(或县里另设的天数门槛)的人数, 远多于少一天和多一天的人数",
    innocent="全勤: 可出勤天数本来就等于门槛的婴幼儿不计在内; 方案按比例计算、又没有另设门槛的月份不检查",
    basis="按门槛全额发放的办法(如湖南满 15 天)所带来的动机",
    follows_corrections=True,
    parameters=(
        Parameter("children", "恰在门槛的人数至少", "人", 6, 3, 60),
        Parameter("times", "为相邻天数人数的", "倍", 3, 2, 20),
        Parameter("days", "另设天数门槛(0 为不设)", "天", 0, 0, 31),
    ),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per institution and threshold; nothing is read besides the attendance months."""
    by_institution: dict[int, list[MonthRow]] = defaultdict(list)
    thresholds = sorted({*facts.day_thresholds, *([values["days"]] if values["days"] else [])})
    if thresholds:
        for row in facts.months:
            by_institution[row.institution_id].append(row)
    findings = []
    for pk, rows in by_institution.items():
        for threshold in thresholds:
            free = [row for row in rows if row.enrolled_workdays - row.not_captured_days > threshold]
            counts = {step: sum(row.attended_days == threshold + step for row in free) for step in (-1, 0, 1)}
            neighbours = max(counts[-1], counts[1], 1)
            if counts[0] >= values["children"] and counts[0] >= values["times"] * neighbours:
                findings.append(_finding(pk, threshold, counts, free, threshold in facts.day_thresholds))
    return findings


def _finding(pk: int, threshold: int, counts: dict[int, int], free: list[MonthRow], paid_by: bool) -> Finding:
    children = sorted(row.child_id for row in free if row.attended_days == threshold)
    return Finding(
        rule=RULE.code,
        subject_key=f"{pk}:{threshold}",
        institution_ids=(pk,),
        child_id=None,
        blocking=RULE.blocking,
        severity=RULE.severity,
        decisive={"institution_id": pk, "threshold": threshold, "child_ids": children},
        context={"on": counts[0], "below": counts[-1], "above": counts[1], "paid_by": paid_by},
        against=(Against("full_attendance", False, "可出勤天数不多于门槛的婴幼儿已经排除"),),
    )


def summary(evidence: Evidence) -> str:
    return (
        f"{evidence['on']} 名婴幼儿恰好出勤 {evidence['threshold']} 天,"
        f" 少一天的 {evidence['below']} 名, 多一天的 {evidence['above']} 名"
    )


def lines(evidence: Evidence) -> list[str]:
    whose = "补助方案的" if evidence.get("paid_by", True) else "县里另设的"
    return [f"{whose}门槛 {evidence['threshold']} 天", summary(evidence)]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines)
