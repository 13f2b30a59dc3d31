"""请假期间打卡: attendance on days for which a leave is on record."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts, Pair
from backend.apps.alerts.selectors.rules.registered import Evidence, EvidenceDay, RegisteredRule, Values
from backend.apps.alerts.selectors.rules.wording import day_text, days_text
from backend.apps.attendance.selectors.leaves import leaves_of_month

RULE = Rule(
    code="on_leave",
    title="请假期间打卡",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="登记了请假的日期仍有打卡",
    innocent="提前返园: 从某天起直到假期结束天天有打卡, 只作低级提示",
    basis="审计核查名册与实际在园的通行做法",
)


def find(facts: MonthFacts, _values: Values) -> list[Finding]:
    """Per leave. One query for the leaves, one for the days of the children on leave."""
    leaves = leaves_of_month(county_code=facts.county_code, month=facts.month)
    if not leaves:
        return []
    attended: dict[Pair, set[date]] = defaultdict(set)
    children = {leave.child_id for leave in leaves}
    for pk, child, day in (
        facts.days().filter(child_id__in=children).values_list("institution_id", "child_id", "date")
    ):
        attended[pk, child].add(day)
    findings = []
    for leave in leaves:
        days = [
            day
            for day in facts.workdays
            if leave.starts_on <= day <= leave.ends_on
            and day in attended.get((leave.institution_id, leave.child_id), ())
        ]
        if days:
            findings.append(
                _finding(facts, leave.institution_id, leave.child_id, leave.starts_on, leave.ends_on, days)
            )
    return findings


def _finding(
    facts: MonthFacts, pk: int, child: int, starts_on: date, ends_on: date, days: list[date]
) -> Finding:
    workdays = [day for day in facts.workdays if starts_on <= day <= ends_on]
    early = days == workdays[len(workdays) - len(days) :] and len(days) < len(workdays)
    return Finding(
        rule=RULE.code,
        subject_key=f"{child}:{pk}:{starts_on.isoformat()}",
        institution_ids=(pk,),
        child_id=child,
        blocking=RULE.blocking,
        severity=Severity.LOW if early else RULE.severity,
        decisive={
            "institution_id": pk,
            "child_id": child,
            "leave": [starts_on.isoformat(), ends_on.isoformat()],
            "dates": [day.isoformat() for day in days],
        },
        against=(
            Against(
                "early_return",
                early,
                f"{day_text(days[0].isoformat())}起到假期结束每个工作日都有打卡, 像是提前返园"
                if early
                else "打卡夹在假期之中, 不像提前返园",
            ),
        ),
    )


def summary(evidence: Evidence) -> str:
    return f"一名婴幼儿请假期间有 {len(evidence['dates'])} 天打卡"


def lines(evidence: Evidence) -> list[str]:
    first, last = evidence["leave"]
    return [
        f"请假: {day_text(first)}至{day_text(last)}",
        f"打卡日期: {days_text(evidence['dates'])}",
    ]


def days(evidence: Evidence) -> list[EvidenceDay]:
    return [EvidenceDay(evidence["institution_id"], evidence["child_id"], iso) for iso in evidence["dates"]]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days)
