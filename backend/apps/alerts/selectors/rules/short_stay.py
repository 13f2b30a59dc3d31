"""在托时间过短: days that look complete, with an entry and an exit, but too close together for the care mode."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from django.db.models import F

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts, Pair
from backend.apps.alerts.selectors.rules.registered import Evidence, EvidenceDay, RegisteredRule, Values
from backend.apps.alerts.selectors.rules.wording import days_text
from backend.apps.attendance.models import FeedDay
from backend.apps.attendance.selectors.expressions import LocalMinute
from backend.apps.enrolment.models import CareMode

RULE = Rule(
    code="short_stay",
    title="在托时间过短",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="有入园有离园, 但两次打卡相隔太短, 达不到所登记托育模式的时长, 当月不止一天",
    innocent="半日托、计时托按各自的时长判断; 个别一天早退(如身体不适)达不到天数",
    basis="成都规定全日托不少于 8 小时、半日托不少于 4 小时",
    parameters=(
        Parameter("days", "天数", "天", 2, 1, 31),
        Parameter("full_day_minutes", "全日托至少", "分钟", 240, 30, 480),
        Parameter("half_day_minutes", "半日托至少", "分钟", 120, 30, 240),
        Parameter("hourly_minutes", "计时托至少", "分钟", 30, 10, 120),
    ),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per child and institution, workdays within the enrolment only. One query besides the shared facts."""
    least = {
        CareMode.FULL_DAY.value: values["full_day_minutes"],
        CareMode.HALF_DAY.value: values["half_day_minutes"],
        CareMode.HOURLY.value: values["hourly_minutes"],
    }
    rows = (
        facts.days()
        .annotate(stay=LocalMinute("last_out") - LocalMinute("first_in"))
        .filter(stay__gt=0, stay__lt=max(least.values()))
        .values_list("institution_id", "child_id", "date", "stay", F("manual_count"))
    )
    found: dict[Pair, dict[date, tuple[int, str, bool]]] = defaultdict(dict)
    for pk, child, day, stay, manual in rows.iterator(chunk_size=5_000):
        feed = facts.feed.get(pk, {}).get(day)
        if feed is None or feed.state == FeedDay.State.CLOSED:
            continue
        mode = next((s.care_mode for s in facts.enrolments.get((pk, child), ()) if s.covers(day)), None)
        if mode is not None and stay < least[mode]:
            found[pk, child][day] = stay, mode, manual > 0
    return [_finding(pair, days) for pair, days in sorted(found.items()) if len(days) >= values["days"]]


def _finding(pair: Pair, days: dict[date, tuple[int, str, bool]]) -> Finding:
    pk, child = pair
    typed = sum(manual for _, _, manual in days.values())
    modes = sorted({mode for _, mode, _ in days.values()})
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
            "dates": [day.isoformat() for day in sorted(days)],
            "care_modes": modes,
        },
        context={
            "minutes": [days[day][0] for day in sorted(days)],
            "shortest": min(stay for stay, _, _ in days.values()),
        },
        against=(
            Against(
                "care_mode", False, f"登记的托育模式: {'、'.join(str(CareMode(m).label) for m in modes)}"
            ),
            Against("typed", typed > 0, f"其中 {typed} 天含补录打卡, 时间可能是补填的"),
        ),
    )


def summary(evidence: Evidence) -> str:
    return f"一名婴幼儿当月 {len(evidence['dates'])} 天在托时间过短, 最短 {evidence['shortest']} 分钟"


def lines(evidence: Evidence) -> list[str]:
    return [
        f"日期: {days_text(evidence['dates'])}",
        f"在托分钟: {'、'.join(map(str, evidence['minutes'][:10]))}",
    ]


def days(evidence: Evidence) -> list[EvidenceDay]:
    return [EvidenceDay(evidence["institution_id"], evidence["child_id"], iso) for iso in evidence["dates"]]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days)
