"""考勤机构异常 (tender item 8): one child, by person and never by name, at more than one institution in the month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from itertools import pairwise

from django.db.models import QuerySet

from backend.apps.alerts.domain.evidence import (
    SEVERAL_INSTITUTIONS,
    TRANSFER,
    Against,
    Finding,
    Stay,
    registered_transfer,
    several_institutions_finding,
)
from backend.apps.alerts.domain.rule import Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import (
    Evidence,
    EvidenceDay,
    RegisteredRule,
    Values,
)
from backend.apps.alerts.selectors.rules.wording import days_text
from backend.apps.attendance.models import AttendanceDay
from backend.apps.attendance.selectors.expressions import LocalMinute
from backend.apps.enrolment.models import Enrolment
from backend.common.service_month import ServiceMonth

CHILD_CHUNK = 500
ASKED_AT_ONCE = 2_000
RULE = Rule(
    code=SEVERAL_INSTITUTIONS,
    title="考勤机构异常",
    severity=Severity.HIGH,
    blocking=True,
    looks_for="同一名婴幼儿(按人, 不按姓名)当月在两家及以上机构有考勤",
    innocent="正常转托: 先后两段日期不交叉, 或在托登记的离托、入托日期前后衔接且考勤都落在各自登记之内",
    basis="招标要求; 荆州沙市等地规定转机构不重复补助",
)

Stretch = tuple[int | None, int | None]  # first entry and last exit, minutes of the day


def find(facts: MonthFacts, _values: Values) -> list[Finding]:
    """Children of the county with attendance days at more than one institution, of any county, in the month."""
    month = facts.month
    within = AttendanceDay.objects.filter(date__range=(month.first_day, month.last_day))
    children = _elsewhere_too(facts, within)
    findings = []
    for start in range(0, len(children), CHILD_CHUNK):
        part = children[start : start + CHILD_CHUNK]
        stays: dict[int, dict[int, dict[date, Stretch]]] = defaultdict(lambda: defaultdict(dict))
        rows = (
            within.filter(child_id__in=part)
            .annotate(first=LocalMinute("first_in"), last=LocalMinute("last_out"))
            .order_by("child_id", "institution_id", "date")
        )
        for child_id, pk, day, first, last in rows.values_list(
            "child_id", "institution_id", "date", "first", "last"
        ):
            stays[child_id][pk][day] = first, last
        enrolments = _enrolments(part, month)
        for child_id, by_institution in stays.items():
            found = [
                Stay(pk, tuple(dates), tuple(enrolments.get((child_id, pk), ())))
                for pk, dates in by_institution.items()
            ]
            finding = several_institutions_finding(child_id=child_id, stays=found)
            findings.append(_weighed(finding, registered_transfer(found), by_institution))
    return findings


def _elsewhere_too(facts: MonthFacts, within: QuerySet[AttendanceDay]) -> list[int]:
    """Children of the county with days at two of its institutions, or at one of another county; ascending.

    The children are spelled out for the second question: asked of the table itself, PostgreSQL without fresh statistics
    (the first month after an import) compares every day with every day.
    """
    places: dict[int, set[int]] = defaultdict(set)
    for child_id, pk in (
        facts.days().values_list("child_id", "institution_id").distinct().iterator(chunk_size=5_000)
    ):
        places[child_id].add(pk)
    found = {child_id for child_id, at in places.items() if len(at) > 1}
    single = sorted(places.keys() - found)
    for start in range(0, len(single), ASKED_AT_ONCE):
        part = within.filter(child_id__in=single[start : start + ASKED_AT_ONCE])
        others = part.exclude(institution_id__in=facts.institution_ids)
        found.update(others.order_by().values_list("child_id", flat=True).distinct())
    return sorted(found)


def _weighed(finding: Finding, registered: bool, stretches: dict[int, dict[date, Stretch]]) -> Finding:
    transfer = finding.decisive["kind"] == TRANSFER
    same_day = [date.fromisoformat(iso) for iso in finding.decisive["overlapping_dates"]]
    apart = sum(_apart([days[day] for days in stretches.values() if day in days]) for day in same_day)
    against = [
        Against(
            "registered_transfer",
            registered,
            "在托登记显示转托, 前后日期衔接" if registered else "在托登记中没有能解释这些日期的转托",
        )
    ]
    if same_day:
        against.append(
            Against(
                "parts_of_day",
                apart == len(same_day),
                f"同日的 {len(same_day)} 天中有 {apart} 天在托时段不重叠(上午、下午分开)",
            )
        )
    severity = Severity.LOW if transfer else RULE.severity if same_day else Severity.MEDIUM
    return replace(finding, severity=severity, against=tuple(against))


def _apart(stretches: Collection[Stretch]) -> bool:
    """Complete stays of which none begins before another has ended."""
    ends = sorted((first, last) for first, last in stretches if first is not None and last is not None)
    return len(ends) == len(stretches) and all(a[1] <= b[0] for a, b in pairwise(ends))


def _enrolments(
    child_ids: Collection[int], month: ServiceMonth
) -> dict[tuple[int, int], list[tuple[date, date | None]]]:
    found: dict[tuple[int, int], list[tuple[date, date | None]]] = defaultdict(list)
    rows = Enrolment.objects.filter(child_id__in=child_ids, starts_on__lte=month.last_day).exclude(
        ends_on__lt=month.first_day
    )
    for child_id, pk, starts_on, ends_on in rows.order_by("starts_on", "id").values_list(
        "child_id", "institution_id", "starts_on", "ends_on"
    ):
        found[child_id, pk].append((starts_on, ends_on))
    return found


def summary(evidence: Evidence) -> str:
    count = len(evidence["institutions"])
    same_day = len(evidence["overlapping_dates"])
    if evidence["kind"] == TRANSFER:
        dates = "日期不交叉" if not same_day else "与转托登记一致"
        return f"一名婴幼儿先后在 {count} 家机构有考勤, {dates}"
    return f"一名婴幼儿在 {count} 家机构的考勤日期交叉" + (f", 其中 {same_day} 天同日" if same_day else "")


def lines(evidence: Evidence) -> list[str]:
    counts = "、".join(f"{stay['days']} 天" for stay in evidence["institutions"])
    found = [f"在 {len(evidence['institutions'])} 家机构的考勤天数: {counts}"]
    if evidence["overlapping_dates"]:
        found.append(f"同日在两处: {days_text(evidence['overlapping_dates'])}")
    return found


def days(evidence: Evidence) -> list[EvidenceDay]:
    """Days at both places first; without any, the days at which one stay ends and another begins."""
    stays = evidence["institutions"]
    dates = evidence["overlapping_dates"] or [iso for s in stays for iso in (s["first_date"], s["last_date"])]
    return [
        EvidenceDay(stay["institution_id"], evidence["child_id"], iso)
        for iso in dict.fromkeys(dates)
        for stay in stays
        if iso in stay["dates"]
    ]


def disputed(evidence: Evidence) -> list[EvidenceDay]:
    """Days at both places; where stays only cross each other, no single day is the wrong one."""
    return days(evidence) if evidence["overlapping_dates"] else []


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days, disputed=disputed)
