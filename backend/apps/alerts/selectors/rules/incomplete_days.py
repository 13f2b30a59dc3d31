"""进出不成对: one child again and again with an entry without exit, an exit without entry, or the exit first."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

from django.db.models import F, Q

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts, Pair
from backend.apps.alerts.selectors.rules.registered import Evidence, EvidenceDay, RegisteredRule, Values
from backend.apps.alerts.selectors.rules.wording import days_text
from backend.apps.attendance.domain.day import Shape, shape_of
from backend.apps.attendance.models import FeedDay
from backend.apps.attendance.selectors.expressions import LocalMinute

RULE = Rule(
    code="incomplete_days",
    title="进出不成对",
    severity=Severity.LOW,
    blocking=False,
    looks_for="同一名婴幼儿当月多天只有入园或只有离园, 或离园不晚于入园(这些天不计入考勤)",
    innocent="闸机故障: 当日该机构多数人都缺同一方向的打卡, 这样的日期不算在个人头上",
    basis="成都按在托时段认定全日托、半日托",
    batch_dismissal=True,
    parameters=(
        Parameter("days", "天数", "天", 4, 1, 31),
        Parameter("outage_percent", "视为闸机故障的比例", "%", 50, 20, 100),
    ),
)
KINDS = {
    Shape.MISSING_EXIT.value: "有入园无离园",
    Shape.MISSING_ENTRY.value: "有离园无入园",
    Shape.EXIT_FIRST.value: "离园不晚于入园",
}


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per child and institution; days of a gate outage are left out. One query besides the shared facts."""
    rows = (
        facts.days()
        .annotate(first=LocalMinute("first_in"), last=LocalMinute("last_out"))
        .filter(Q(first_in__isnull=True) | Q(last_out__isnull=True) | Q(last__lte=F("first")))
        .values_list("institution_id", "child_id", "date", "first", "last")
    )
    broken = [
        (pk, child, day, shape_of(first, last).value)
        for pk, child, day, first, last in rows.iterator(chunk_size=5_000)
        if _counts(facts, pk, day)
    ]
    alike = Counter((pk, day, shape) for pk, _, day, shape in broken)
    by_child: dict[Pair, dict[date, str]] = defaultdict(dict)
    outages: Counter[Pair] = Counter()
    for pk, child, day, shape in broken:
        if alike[pk, day, shape] * 100 >= values["outage_percent"] * _seen(facts, pk, day) and (
            alike[pk, day, shape] > 2
        ):
            outages[pk, child] += 1
        else:
            by_child[pk, child][day] = shape
    return [
        _finding(pair, days, outages[pair])
        for pair, days in sorted(by_child.items())
        if len(days) >= values["days"]
    ]


def _counts(facts: MonthFacts, pk: int, day: date) -> bool:
    feed = facts.feed.get(pk, {}).get(day)
    return feed is not None and feed.state == FeedDay.State.CAPTURED


def _seen(facts: MonthFacts, pk: int, day: date) -> int:
    """Children with an entry that day, at least one."""
    return max(facts.feed[pk][day].headcount, 1)


def _finding(pair: Pair, days: dict[date, str], outages: int) -> Finding:
    pk, child = pair
    return Finding(
        rule=RULE.code,
        subject_key=f"{child}:{pk}",
        institution_ids=(pk,),
        child_id=child,
        blocking=RULE.blocking,
        severity=RULE.severity,
        decisive={
            "institution_id": pk,
            "child_id": child,
            "days": [{"date": day.isoformat(), "kind": kind} for day, kind in sorted(days.items())],
        },
        against=(Against("outage", outages > 0, f"另有 {outages} 天因该机构多数人缺打卡, 视为闸机故障未计"),),
    )


def summary(evidence: Evidence) -> str:
    return f"一名婴幼儿当月 {len(evidence['days'])} 天进出打卡不成对"


def lines(evidence: Evidence) -> list[str]:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for row in evidence["days"]:
        by_kind[row["kind"]].append(row["date"])
    return [f"{KINDS[kind]}: {days_text(dates)}" for kind, dates in by_kind.items()]


def days(evidence: Evidence) -> list[EvidenceDay]:
    return [
        EvidenceDay(evidence["institution_id"], evidence["child_id"], row["date"]) for row in evidence["days"]
    ]


REGISTERED = RegisteredRule(
    rule=RULE,
    find=find,
    summary=summary,
    lines=lines,
    days=days,
    corrected_as=frozenset({"present", "absent"}),  # the punch that is missing is what there is to correct
)
