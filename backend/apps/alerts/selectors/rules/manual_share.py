"""补录占比过高: too many of an institution's child-days rest on typed punches or on punches that came long afterwards."""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.db.models import Count, Q

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, RegisteredRule, Values

WHOLE_FEED = (
    80  # percent of a day's children whose punches came late: the upload was stuck, nobody typed anything
)
RULE = Rule(
    code="manual_share",
    title="补录占比过高",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="一家机构当月的考勤人日中, 靠补录或事后很久才到的打卡支撑的比例过高",
    innocent="上传中断: 一天里绝大多数打卡一起迟到, 是网络或设备问题, 不算补录; 人日太少的机构不检查",
    basis="福建某幼儿园虚报名册案, 加州核查清单中的事后补记",
    batch_dismissal=True,
    parameters=(
        Parameter("share_percent", "占比", "%", 15, 5, 100),
        Parameter("least_days", "人日至少", "人日", 20, 1, 500),
        Parameter("late_hours", "视为事后补传的时间", "小时", 24, 2, 240),
    ),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per institution. One query besides the punches by day; a punch delayed by less than the hours changes nothing."""
    late, stuck = _late(facts, values["late_hours"] * 3_600)
    rows = (
        facts.days()
        .values("institution_id")
        .annotate(total=Count("id"), typed=Count("id", filter=Q(manual_count__gt=0)))
        .values_list("institution_id", "total", "typed")
    )
    findings = []
    for pk, total, typed in sorted(rows):
        resting = min(typed + late[pk], total)
        if total >= values["least_days"] and resting * 100 >= values["share_percent"] * total:
            findings.append(_finding(pk, total, typed, late[pk], stuck[pk]))
    return findings


def _late(facts: MonthFacts, seconds: int) -> tuple[Counter[int], Counter[int]]:
    """Child-days with a late punch by institution, and days on which nearly the whole feed came late."""
    late: Counter[int] = Counter()
    stuck: Counter[int] = Counter()
    for (pk, day), arrivals in facts.gates.late.items():
        children = {child for child, lag in arrivals if lag > seconds}
        if len(children) * 100 >= WHOLE_FEED * max(_heads(facts, pk, day), 1):
            stuck[pk] += bool(children)
        else:
            late[pk] += len(children)
    return late, stuck


def _heads(facts: MonthFacts, pk: int, day: date) -> int:
    feed = facts.feed.get(pk, {}).get(day)
    return 0 if feed is None else feed.headcount


def _finding(pk: int, total: int, typed: int, late: int, stuck: int) -> Finding:
    share = min(typed + late, total) * 1_000 // total
    return Finding(
        rule=RULE.code,
        subject_key=str(pk),
        institution_ids=(pk,),
        child_id=None,
        blocking=RULE.blocking,
        severity=RULE.severity,
        decisive={"institution_id": pk, "typed": typed, "late": late},
        context={"child_days": total, "share": f"{share // 10}.{share % 10}"},
        against=(
            Against(
                "upload_stuck",
                stuck > 0,
                f"另有 {stuck} 天整日打卡一起迟到, 视为上传中断未计"
                if stuck
                else "没有整日打卡一起迟到的日期",
            ),
        ),
    )


def summary(evidence: Evidence) -> str:
    return f"考勤人日中 {evidence['share']}% 靠补录或事后补传"


def lines(evidence: Evidence) -> list[str]:
    return [
        f"当月考勤 {evidence['child_days']} 人日",
        f"含补录打卡 {evidence['typed']} 人日, 事后补传 {evidence['late']} 人日",
    ]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines)
