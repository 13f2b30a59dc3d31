"""超核定托位: more children on a day than the approved places of all class types in force."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.domain.sweep import peak
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, EvidenceDay, RegisteredRule, Values
from backend.apps.alerts.selectors.rules.wording import days_text
from backend.apps.attendance.selectors.expressions import LocalMinute

RULE = Rule(
    code="over_places",
    title="超核定托位",
    severity=Severity.HIGH,
    blocking=True,
    looks_for="当日到托人数超过该机构当日有效的核定托位总数",
    innocent="半日托上午、下午轮换使用同一托位: 同一时刻在园人数从未超过托位, 只作低级提示, 不影响审核",
    basis="湖南、珠海规定补助人数不超过核定托位; 日本、加州和威斯康星的超员查处",
    parameters=(Parameter("tolerance_percent", "允许超出", "%", 0, 0, 20),),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """One finding per institution with all its days over; two queries besides the shared facts."""
    over: dict[int, dict[date, tuple[int, int]]] = defaultdict(dict)
    for pk, days in facts.feed.items():
        for day, found in days.items():
            places = facts.places_on(pk, day)
            if places is not None and found.headcount * 100 > places * (100 + values["tolerance_percent"]):
                over[pk][day] = found.headcount, places
    peaks = _peaks(facts, over)
    return [_finding(facts, pk, days, peaks) for pk, days in over.items()]


def _peaks(facts: MonthFacts, over: dict[int, dict[date, tuple[int, int]]]) -> dict[tuple[int, date], int]:
    """Most children in the house at one moment, per institution and day of `over`."""
    if not over:
        return {}
    stretches: dict[tuple[int, date], list[tuple[int, int | None]]] = defaultdict(list)
    rows = (
        facts.days()
        .filter(institution_id__in=list(over), date__in={d for days in over.values() for d in days})
        .filter(first_in__isnull=False)
        .annotate(first=LocalMinute("first_in"), last=LocalMinute("last_out"))
    )
    for pk, day, first, last in rows.values_list("institution_id", "date", "first", "last"):
        if day in over[pk]:
            stretches[pk, day].append((first, last))
    return {key: peak(found) for key, found in stretches.items()}


def _finding(
    facts: MonthFacts,
    pk: int,
    days: dict[date, tuple[int, int]],
    peaks: dict[tuple[int, date], int],
) -> Finding:
    rows = [
        {"date": day.isoformat(), "headcount": heads, "places": places}
        for day, (heads, places) in sorted(days.items())
    ]
    together = {day: peaks.get((pk, day), 0) for day in days}
    shared = all(together[day] <= places for day, (_, places) in days.items())
    enrolled = max(facts.enrolled_on(pk, day) for day in days)
    least = min(places for _, places in days.values())
    return Finding(
        rule=RULE.code,
        subject_key=str(pk),
        institution_ids=(pk,),
        child_id=None,
        blocking=RULE.blocking and not shared,
        severity=Severity.LOW if shared else RULE.severity,
        decisive={"institution_id": pk, "days": rows},
        context={"peak": max(together.values())},
        against=(
            Against("parts_of_day", shared, f"同一时刻最多在园 {max(together.values())} 人, 托位 {least} 个"),
            Against("enrolled", enrolled <= least, f"登记在托最多 {enrolled} 人, 托位 {least} 个"),
        ),
    )


def summary(evidence: Evidence) -> str:
    worst = max(evidence["days"], key=lambda row: row["headcount"] - row["places"])
    return f"{len(evidence['days'])} 天到托人数超过核定托位, 最多 {worst['headcount']} 人, 托位 {worst['places']} 个"


def lines(evidence: Evidence) -> list[str]:
    return [
        f"超出的日期: {days_text([row['date'] for row in evidence['days']])}",
        *(
            f"{days_text([r['date']])}到托 {r['headcount']} 人, 托位 {r['places']} 个"
            for r in evidence["days"][:5]
        ),
    ]


def days(evidence: Evidence) -> list[EvidenceDay]:
    return [EvidenceDay(evidence["institution_id"], None, row["date"]) for row in evidence["days"]]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days)
