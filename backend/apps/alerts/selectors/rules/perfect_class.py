"""整班全勤: every child of a class attended every single day it could."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Max, Min, Sum

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, RegisteredRule, Values
from backend.apps.attendance.selectors.expressions import LocalMinute
from backend.apps.institutions.models import ClassType

Class = tuple[int, str]
RULE = Rule(
    code="perfect_class",
    title="整班全勤",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="同一机构同一班型的婴幼儿, 当月每个可出勤的工作日无一缺勤",
    innocent="人数很少的班, 或当月可出勤天数很少(节假日多、中途入托)时全勤属正常, 不提示",
    basis="三岁以下婴幼儿出勤率一般在九成上下",
    follows_corrections=True,
    parameters=(
        Parameter("children", "班内人数至少", "人", 8, 4, 30),
        Parameter("days", "可出勤天数至少", "天", 12, 5, 23),
        Parameter("percent", "全勤比例", "%", 100, 90, 100),
    ),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per institution and class type, of children with enough days; one query when something is found."""
    classes: dict[Class, list[tuple[int, bool]]] = defaultdict(list)
    for row in facts.months:
        possible = row.enrolled_workdays - row.not_captured_days
        stays = facts.enrolments.get((row.institution_id, row.child_id))
        if possible >= values["days"] and stays:
            complete = row.attended_days >= possible
            classes[row.institution_id, stays[-1].class_type].append((row.child_id, complete))
    found = {
        key: sorted(child for child, complete in children if complete)
        for key, children in classes.items()
        if len(children) >= values["children"]
        and sum(complete for _, complete in children) * 100 >= values["percent"] * len(children)
    }
    if not found:
        return []
    entries = _entries(facts, found)
    return [
        _finding(key, children, len(classes[key]), entries.get(key, {}))
        for key, children in sorted(found.items())
    ]


def _entries(
    facts: MonthFacts, found: dict[Class, list[int]]
) -> dict[Class, dict[int, tuple[int, int, int]]]:
    """Earliest and latest entry in minutes, and typed punches, by class and child."""
    classes = {(pk, child): (pk, kind) for (pk, kind), children in found.items() for child in children}
    rows = (
        facts.days()
        .filter(institution_id__in={pk for pk, _ in found}, child_id__in={child for _, child in classes})
        .values("institution_id", "child_id")
        .annotate(
            first=Min(LocalMinute("first_in")), last=Max(LocalMinute("first_in")), typed=Sum("manual_count")
        )
    )
    entries: dict[Class, dict[int, tuple[int, int, int]]] = defaultdict(dict)
    for pk, child, first, last, typed in rows.values_list(
        "institution_id", "child_id", "first", "last", "typed"
    ):
        if (pk, child) in classes and first is not None:
            entries[classes[pk, child]][child] = first, last, typed
    return entries


def _finding(key: Class, children: list[int], size: int, entries: dict[int, tuple[int, int, int]]) -> Finding:
    pk, kind = key
    spreads = sorted(last - first for first, last, _ in entries.values())
    middle = spreads[len(spreads) // 2] if spreads else 0
    typed = sum(number for _, _, number in entries.values())
    return Finding(
        rule=RULE.code,
        subject_key=f"{pk}:{kind}",
        institution_ids=(pk,),
        child_id=None,
        blocking=RULE.blocking,
        severity=RULE.severity,
        decisive={"institution_id": pk, "class_type": kind, "child_ids": children},
        context={"children": size},
        against=(
            Against("spread", middle >= 20, f"每人每天到园时间的差异, 居中为 {middle} 分钟"),
            Against("typed", typed == 0, f"其中补录打卡 {typed} 条"),
        ),
    )


def summary(evidence: Evidence) -> str:
    kind = ClassType(evidence["class_type"]).label
    return f"{kind} {evidence['children']} 名婴幼儿中 {len(evidence['child_ids'])} 名当月全勤"


def lines(evidence: Evidence) -> list[str]:
    return [summary(evidence)]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines)
