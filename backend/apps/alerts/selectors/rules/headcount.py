"""考勤人数异常 (tender item 8): more children on a day than the threshold the bureau set for the institution."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import date

from backend.apps.alerts.domain.evidence import HEADCOUNT, Against, FeedCount, Finding, headcount_finding
from backend.apps.alerts.domain.rule import Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts, on_date
from backend.apps.alerts.selectors.rules.registered import (
    Evidence,
    EvidenceDay,
    RegisteredRule,
    Values,
)
from backend.apps.alerts.selectors.rules.wording import day_text
from backend.apps.attendance.models import AttendanceDay, FeedDay

RULE = Rule(
    code=HEADCOUNT,
    title="考勤人数异常",
    severity=Severity.HIGH,
    blocking=True,
    looks_for="当日到托人数超过为该机构设定的预警人数",
    innocent="预警人数设定之后有新生入托, 或托位已经扩增: 登记在托人数和核定托位都不少于当日人数",
    basis="招标要求; 威斯康星、加州和日本的超员检查",
)


def find(facts: MonthFacts, _values: Values) -> list[Finding]:
    """Days on which more children came than the threshold in force that day. No threshold set, no finding."""
    counts = {
        pk: [
            FeedCount(day, found.headcount, found.state != FeedDay.State.CLOSED)
            for day, found in days.items()
        ]
        for pk, days in facts.feed.items()
        if pk in facts.thresholds
    }
    over = {
        (pk, count.day): (count, limit)
        for pk, found in counts.items()
        for count in found
        if (limit := on_date(facts.thresholds[pk], count.day)) is not None and count.headcount > limit
    }
    present = children_present(facts, over.keys())
    return [
        replace(
            headcount_finding(
                institution_id=pk,
                count=count,
                threshold=limit,
                month=counts[pk],
                child_ids=present[pk, count.day],
            ),
            severity=RULE.severity,
            against=_against(facts, pk, count),
        )
        for (pk, _), (count, limit) in over.items()
    ]


def _against(facts: MonthFacts, pk: int, count: FeedCount) -> tuple[Against, ...]:
    enrolled, places = facts.enrolled_on(pk, count.day), facts.places_on(pk, count.day)
    day = facts.calendar.days[count.day.day - 1]
    makeup = day.kind.is_workday and count.day.weekday() >= 5
    return (
        Against("enrolled", enrolled >= count.headcount, f"当日登记在托 {enrolled} 人"),
        Against(
            "places",
            places is not None and places >= count.headcount,
            "核定托位未登记" if places is None else f"核定托位 {places} 个",
        ),
        Against("makeup_workday", makeup, "当日为调休上班日" if makeup else "当日不是调休上班日"),
    )


def children_present(
    facts: MonthFacts, pairs: Collection[tuple[int, date]]
) -> dict[tuple[int, date], list[int]]:
    """Children with an entry, per institution and day of `pairs`; one query."""
    found: dict[tuple[int, date], list[int]] = defaultdict(list)
    if not pairs:
        return found
    rows = AttendanceDay.objects.filter(
        institution_id__in={pk for pk, _ in pairs}, date__in={day for _, day in pairs}, in_count__gt=0
    ).values_list("institution_id", "date", "child_id")
    for pk, day, child_id in rows.iterator(chunk_size=5_000):
        if (pk, day) in pairs:
            found[pk, day].append(child_id)
    return found


def summary(evidence: Evidence) -> str:
    return f"{day_text(evidence['date'])}到托 {evidence['headcount']} 人, 预警人数 {evidence['threshold']} 人"


def lines(evidence: Evidence) -> list[str]:
    return [
        f"当日到托 {evidence['headcount']} 人, 预警人数 {evidence['threshold']} 人",
        f"当月平均 {evidence['month_average']} 人, 当月最高 {evidence['month_max']} 人",
    ]


def days(evidence: Evidence) -> list[EvidenceDay]:
    return [EvidenceDay(evidence["institution_id"], None, evidence["date"])]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days)
