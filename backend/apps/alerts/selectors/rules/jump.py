"""环比突变: many more or fewer children attended than in the month before."""

from __future__ import annotations

from collections import Counter

from django.db.models import Count

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, RegisteredRule, Values
from backend.apps.attendance.models import AttendanceDay
from backend.apps.attendance.selectors.facts import enrolments_of_month
from backend.common.service_month import ServiceMonth

RULE = Rule(
    code="jump",
    title="环比突变",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="有考勤的婴幼儿人数比上月大幅增减",
    innocent="入托季、毕业季: 在托登记人数同方向变动了大部分, 只作低级提示; 上月没有数据的机构不比较",
    basis="威斯康星的异常增长报告",
    parameters=(
        Parameter("percent", "增减幅度", "%", 30, 10, 200),
        Parameter("children", "增减人数至少", "人", 8, 3, 100),
    ),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per institution; two counts by the database, one of enrolments for those found."""
    now, before = _children(facts, facts.month), _children(facts, facts.month.previous())
    moved = {
        pk: (before[pk], count)
        for pk, count in now.items()
        if before[pk]
        and abs(count - before[pk]) >= values["children"]
        and abs(count - before[pk]) * 100 >= values["percent"] * before[pk]
    }
    if not moved:
        return []
    enrolled = Counter(pk for pk, _ in facts.enrolments)
    earlier = dict(
        enrolments_of_month(month=facts.month.previous(), institution_ids=list(moved))
        .order_by()
        .values("institution_id")
        .annotate(children=Count("child_id", distinct=True))
        .values_list("institution_id", "children")
    )
    return [_finding(pk, counts, (earlier.get(pk, 0), enrolled[pk])) for pk, counts in sorted(moved.items())]


def _children(facts: MonthFacts, month: ServiceMonth) -> Counter[int]:
    rows = (
        AttendanceDay.objects.filter(
            institution__county_id=facts.county_code, date__range=(month.first_day, month.last_day)
        )
        .order_by()
        .values("institution_id")
        .annotate(children=Count("child_id", distinct=True))
        .values_list("institution_id", "children")
    )
    return Counter(dict(rows))


def _finding(pk: int, attended: tuple[int, int], enrolled: tuple[int, int]) -> Finding:
    change, registered = attended[1] - attended[0], enrolled[1] - enrolled[0]
    explained = registered * change > 0 and abs(registered) * 3 >= abs(change) * 2
    return Finding(
        rule=RULE.code,
        subject_key=str(pk),
        institution_ids=(pk,),
        child_id=None,
        blocking=RULE.blocking,
        severity=Severity.LOW if explained else RULE.severity,
        decisive={"institution_id": pk, "before": attended[0], "now": attended[1]},
        context={"enrolled_before": enrolled[0], "enrolled_now": enrolled[1]},
        against=(Against("enrolments", explained, f"登记在托人数由 {enrolled[0]} 人变为 {enrolled[1]} 人"),),
    )


def summary(evidence: Evidence) -> str:
    change = evidence["now"] - evidence["before"]
    percent = abs(change) * 100 // evidence["before"]
    return f"有考勤的婴幼儿由上月 {evidence['before']} 人{'增' if change > 0 else '减'}至 {evidence['now']} 人, 变动 {percent}%"


def lines(evidence: Evidence) -> list[str]:
    return [
        summary(evidence),
        f"登记在托人数: 上月 {evidence['enrolled_before']} 人, 本月 {evidence['enrolled_now']} 人",
    ]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines)
