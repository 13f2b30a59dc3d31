"""身份异常: one person on the register twice, numbers that cannot be right, ages outside the limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.identity import (
    Person,
    months_between,
    namesakes,
    same_family,
    same_numbers,
)
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, RegisteredRule, Values
from backend.apps.attendance.selectors.facts import enrolments_of_month
from backend.apps.enrolment.models import Child
from backend.common import id_number

RULE = Rule(
    code="identity",
    title="身份异常",
    severity=Severity.HIGH,
    blocking=True,
    looks_for="同一证件号码的 15 位和 18 位写法分属两名婴幼儿; 同名同出生日期且监护人相同; 证件号码校验不符; 年龄超出范围",
    innocent="双胞胎同一天出生但姓名不同; 真正的同名同日不同监护人只作低级提示, 不影响审核; 校验、年龄问题只提示不拦截",
    basis="江城县查处的 15 位、18 位证件号码重复申报",
    parameters=(
        Parameter("oldest_months", "最大月龄", "个月", 48, 36, 72),
        Parameter("youngest_months", "最小月龄", "个月", 6, 0, 12),
    ),
)
SAME_NUMBER, SAME_PERSON, NAMESAKE = "same_number", "same_person", "namesake"
BAD_NUMBER, OTHER_BIRTH_DATE, TOO_OLD, TOO_YOUNG = "bad_number", "other_birth_date", "too_old", "too_young"
_NUMBERS = (BAD_NUMBER, OTHER_BIRTH_DATE)  # said once, with the pair, of a number in its other form
TEXTS = {
    SAME_NUMBER: "名婴幼儿的证件号码是同一号码的 15 位和 18 位写法",
    SAME_PERSON: "名婴幼儿姓名、出生日期和监护人都相同",
    NAMESAKE: "名婴幼儿姓名和出生日期相同, 监护人不同",
    BAD_NUMBER: "证件号码校验不符",
    OTHER_BIRTH_DATE: "证件号码中的出生日期与登记的不一致",
    TOO_OLD: "月龄超过上限",
    TOO_YOUNG: "月龄低于下限",
}


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    """Children enrolled in the month. One query; names and numbers are compared in memory and never leave it."""
    places: dict[int, list[int]] = defaultdict(list)
    for pk, child in facts.enrolments:
        places[child].append(pk)
    people = list(_people(facts))
    findings = [_pair(SAME_NUMBER, group, places, facts) for group in same_numbers(people)]
    told = {tuple(finding.decisive["child_ids"]) for finding in findings}
    for people_alike in namesakes(people):
        ids = sorted(person.child_id for person in people_alike)
        if tuple(ids) not in told:
            findings.append(_pair(SAME_PERSON if same_family(people_alike) else NAMESAKE, ids, places, facts))
    explained = {child for ids in told for child in ids}
    for person in people:
        findings.extend(_single(person, places[person.child_id], facts, values))
    return [f for f in findings if f.decisive["kind"] not in _NUMBERS or f.child_id not in explained]


def _people(facts: MonthFacts) -> Iterator[Person]:
    enrolled = enrolments_of_month(month=facts.month, institution_ids=facts.institution_ids)
    children = (
        Child.objects.filter(pk__in=enrolled.values("child_id"))
        .only("id", "row_key", "id_number", "name", "birth_date", "guardian_name", "guardian_phone")
        .order_by("id")
    )
    for child in children.iterator(chunk_size=2_000):
        yield Person(
            child_id=child.pk,
            number=child.id_number,
            name=child.name,
            birth_date=child.birth_date,
            guardian_name=child.guardian_name,
            guardian_phone=child.guardian_phone,
        )


def _pair(kind: str, child_ids: list[int], places: dict[int, list[int]], facts: MonthFacts) -> Finding:
    institutions = list(dict.fromkeys(pk for child in child_ids for pk in sorted(places[child])))
    together = _enrolled_together(child_ids, facts)
    suspicious = kind != NAMESAKE
    return Finding(
        rule=RULE.code,
        subject_key=f"pair:{':'.join(map(str, child_ids))}"[:100],
        institution_ids=tuple(institutions),
        child_id=child_ids[0],
        blocking=RULE.blocking and suspicious,
        severity=RULE.severity if suspicious else Severity.LOW,
        decisive={"kind": kind, "child_ids": child_ids},
        context={"institution_ids": institutions},
        against=(
            Against(
                "guardians",
                kind == NAMESAKE,
                "监护人不同" if kind == NAMESAKE else "监护人相同或未登记",
            ),
            Against(
                "not_together",
                not together,
                "两份登记的在托期间有重叠" if together else "两份登记的在托期间没有重叠, 可能是重新建档",
            ),
        ),
    )


def _enrolled_together(child_ids: list[int], facts: MonthFacts) -> bool:
    days: set[date] = set()
    for wanted in child_ids:
        own = {
            day
            for (_, child), stays in facts.enrolments.items()
            if child == wanted
            for stay in stays
            for day in facts.month.days()
            if stay.covers(day)
        }
        if days & own:
            return True
        days |= own
    return False


def _single(person: Person, places: list[int], facts: MonthFacts, values: Values) -> Iterator[Finding]:
    oldest = months_between(person.birth_date, facts.month.first_day)
    youngest = months_between(person.birth_date, facts.month.last_day)
    if oldest >= values["oldest_months"]:
        yield _about(TOO_OLD, person, places, months=oldest, limit=values["oldest_months"])
    elif youngest < values["youngest_months"]:
        yield _about(TOO_YOUNG, person, places, months=youngest, limit=values["youngest_months"])
    if not person.number:
        return
    try:
        parsed = id_number.parse(person.number)
    except id_number.IdNumberInvalid:
        yield _about(BAD_NUMBER, person, places)
        return
    if parsed.birth_date != person.birth_date:
        yield _about(OTHER_BIRTH_DATE, person, places)


def _about(kind: str, person: Person, places: Sequence[int], **numbers: int) -> Finding:
    return Finding(
        rule=RULE.code,
        subject_key=f"{kind}:{person.child_id}",
        institution_ids=tuple(sorted(places)),
        child_id=person.child_id,
        blocking=False,
        severity=Severity.MEDIUM,
        decisive={"kind": kind, "child_ids": [person.child_id]},
        context={"institution_ids": sorted(places), **numbers},
        against=(),
    )


def summary(evidence: Evidence) -> str:
    kind = evidence["kind"]
    if kind in (SAME_NUMBER, SAME_PERSON, NAMESAKE):
        return f"{len(evidence['child_ids'])} {TEXTS[kind]}"
    if kind in (TOO_OLD, TOO_YOUNG):
        return f"{TEXTS[kind]}: {evidence['months']} 个月, 限 {evidence['limit']} 个月"
    return TEXTS[kind]


def lines(evidence: Evidence) -> list[str]:
    return [summary(evidence)]


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines)
