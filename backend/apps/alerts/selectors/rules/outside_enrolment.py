"""不在托打卡: punches before the enrolment began, after it ended, or without any."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts, Pair
from backend.apps.alerts.selectors.rules.registered import Evidence, EvidenceDay, RegisteredRule, Values
from backend.apps.alerts.selectors.rules.wording import day_text, days_text
from backend.apps.enrolment.models import Enrolment

RULE = Rule(
    code="outside_enrolment",
    title="不在托打卡",
    severity=Severity.MEDIUM,
    blocking=False,
    looks_for="入托登记之前、离托之后, 或在该机构没有任何登记的婴幼儿仍有打卡(这些天不计入考勤)",
    innocent="入托前几天试托只作低级提示; 转托到别处登记后补办的手续, 反证中会列出",
    basis="包头审计用名册比对出已离园仍申报的幼儿",
    parameters=(Parameter("trial_days", "试托宽限", "天", 5, 0, 15),),
)
BEFORE, AFTER, BETWEEN, NEVER = "before", "after", "between", "never"
TEXTS = {BEFORE: "入托之前", AFTER: "离托之后", BETWEEN: "两段在托之间", NEVER: "没有在托登记"}


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Per child and institution. One query for the days, one for the enrolments of the children found."""
    covered = Enrolment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=OuterRef("date")),
        child_id=OuterRef("child_id"),
        institution_id=OuterRef("institution_id"),
        starts_on__lte=OuterRef("date"),
    )
    outside: dict[Pair, list[date]] = defaultdict(list)
    for pk, child, day in (
        facts.days().filter(~Exists(covered)).values_list("institution_id", "child_id", "date")
    ):
        outside[pk, child].append(day)
    if not outside:
        return []
    spans: dict[int, list[tuple[int, date, date | None]]] = defaultdict(list)
    rows = Enrolment.objects.filter(child_id__in={child for _, child in outside}).order_by("starts_on", "id")
    for child, pk, starts_on, ends_on in rows.values_list(
        "child_id", "institution_id", "starts_on", "ends_on"
    ):
        spans[child].append((pk, starts_on, ends_on))
    return [
        _finding(pair, sorted(days), spans[pair[1]], values["trial_days"])
        for pair, days in sorted(outside.items())
    ]


def _finding(
    pair: Pair, days: list[date], spans: list[tuple[int, date, date | None]], trial_days: int
) -> Finding:
    pk, child = pair
    here = [(starts_on, ends_on) for at, starts_on, ends_on in spans if at == pk]
    kind, boundary = _kind(days, here)
    trial = kind == BEFORE and boundary is not None and boundary - days[0] <= timedelta(days=trial_days)
    elsewhere = any(
        at != pk and starts_on <= day and (ends_on is None or day <= ends_on)
        for day in days
        for at, starts_on, ends_on in spans
    )
    against = [
        Against(
            "elsewhere",
            elsewhere,
            "这些日期在另一家机构有在托登记" if elsewhere else "这些日期在别处也没有在托登记",
        )
    ]
    if kind == BEFORE and boundary is not None:
        against.insert(
            0,
            Against(
                "trial", trial, f"最早一天在入托前 {(boundary - days[0]).days} 天, 试托宽限 {trial_days} 天"
            ),
        )
    return Finding(
        rule=RULE.code,
        subject_key=f"{child}:{pk}",
        institution_ids=(pk,),
        child_id=child,
        blocking=RULE.blocking,
        severity=Severity.LOW if trial else Severity.HIGH if kind == NEVER else RULE.severity,
        decisive={
            "institution_id": pk,
            "child_id": child,
            "kind": kind,
            "boundary": None if boundary is None else boundary.isoformat(),
            "dates": [day.isoformat() for day in days],
        },
        against=tuple(against),
    )


def _kind(days: list[date], here: list[tuple[date, date | None]]) -> tuple[str, date | None]:
    """Where the days lie, and the date of entry or leaving they lie beyond."""
    if not here:
        return NEVER, None
    first, last = here[0][0], max(ends_on or date.max for _, ends_on in here)
    if days[0] < first:
        return BEFORE, first
    if days[-1] > last:
        return AFTER, last
    return BETWEEN, None


def summary(evidence: Evidence) -> str:
    return f"一名婴幼儿{TEXTS[evidence['kind']]}有 {len(evidence['dates'])} 天打卡"


def lines(evidence: Evidence) -> list[str]:
    found = [f"打卡日期: {days_text(evidence['dates'])}"]
    if evidence["boundary"]:
        what = "入托" if evidence["kind"] == BEFORE else "离托"
        found.append(f"登记的{what}日期: {day_text(evidence['boundary'])}")
    return found


def days(evidence: Evidence) -> list[EvidenceDay]:
    return [EvidenceDay(evidence["institution_id"], evidence["child_id"], iso) for iso in evidence["dates"]]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days)
