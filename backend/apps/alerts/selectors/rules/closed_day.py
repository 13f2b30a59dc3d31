"""非工作日打卡: attendance on holidays, weekends and after an institution closed; make-up workdays are workdays."""

from __future__ import annotations

from collections import Counter
from datetime import date

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import Feed, MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, EvidenceDay, RegisteredRule, Values
from backend.apps.alerts.selectors.rules.wording import day_text
from backend.apps.attendance.domain.calendar import DayKind
from backend.apps.attendance.models import FeedDay

CLOSED = "institution_closed"
RULE = Rule(
    code="closed_day",
    title="非工作日打卡",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="法定节假日、周末或机构停办之后仍有多名婴幼儿打卡(这些天不计入考勤)",
    innocent="调休上班日按工作日处理, 不提示; 机构周末照常开园只作低级提示; 个别人试卡达不到人数",
    basis="加州核查清单中的夜间、周末考勤",
    batch_dismissal=True,
    parameters=(Parameter("children", "人数", "人", 3, 1, 50),),
)


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per institution and day; nothing is read besides the shared facts."""
    found = [
        (pk, day, feed)
        for pk, days in facts.feed.items()
        for day, feed in days.items()
        if feed.state == FeedDay.State.CLOSED and feed.headcount >= values["children"]
    ]
    weekends = Counter(pk for pk, day, _ in found if _kind(facts, pk, day) == DayKind.WEEKEND)
    return [_finding(facts, pk, day, feed, weekends[pk]) for pk, day, feed in found]


def _kind(facts: MonthFacts, pk: int, day: date) -> str:
    closed_on = facts.closed_on[pk]
    if closed_on is not None and day >= closed_on:
        return CLOSED
    return facts.calendar.days[day.day - 1].kind.value


def _finding(facts: MonthFacts, pk: int, day: date, feed: Feed, weekends: int) -> Finding:
    kind, calendar = _kind(facts, pk, day), facts.calendar.days[day.day - 1]
    enrolled = facts.enrolled_on(pk, day)
    return Finding(
        rule=RULE.code,
        subject_key=f"{pk}:{day.isoformat()}",
        institution_ids=(pk,),
        child_id=None,
        blocking=RULE.blocking,
        severity=Severity.LOW if kind == DayKind.WEEKEND else RULE.severity,
        decisive={
            "institution_id": pk,
            "date": day.isoformat(),
            "kind": kind,
            "headcount": feed.headcount,
        },
        context={"label": calendar.label, "enrolled": enrolled},
        against=(
            Against(
                "makeup_workday",
                False,
                "已对照放假通知, 当日不是调休上班日"
                if calendar.official
                else "该年放假通知尚未公布, 按星期推定",
            ),
            Against("weekend_care", weekends > 1, f"该机构当月有 {weekends} 个周末开园"),
        ),
    )


def _kind_text(evidence: Evidence) -> str:
    if evidence["kind"] == CLOSED:
        return "停办之后"
    return str(evidence.get("label") or DayKind(evidence["kind"]).text)


def summary(evidence: Evidence) -> str:
    return f"{day_text(evidence['date'])}({_kind_text(evidence)})有 {evidence['headcount']} 名婴幼儿打卡"


def lines(evidence: Evidence) -> list[str]:
    return [
        f"{day_text(evidence['date'])}: {_kind_text(evidence)}, 到托 {evidence['headcount']} 人",
        f"当日登记在托 {evidence['enrolled']} 人; 非工作日不计入考勤",
    ]


def days(evidence: Evidence) -> list[EvidenceDay]:
    return [EvidenceDay(evidence["institution_id"], None, evidence["date"])]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days)
