"""应考勤天数: the official default, the refusal to guess, and what somebody may type."""

from __future__ import annotations

from typing import Any

import pytest

from backend.apps.attendance.domain.calendar import DayKind
from backend.apps.attendance.domain.required_days import Override
from backend.apps.attendance.models import RequiredDays, RequiredDaysOverride
from backend.apps.attendance.selectors.calendar import calendar_of
from backend.apps.attendance.selectors.required_days import required_days_of
from backend.apps.attendance.services import OverrideInput, required_days_default, required_days_set
from backend.apps.audit.models import AuditEvent
from backend.common.errors import DomainError, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY, make_county, make_institution

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
WORKDAYS_2026 = (21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23)


@pytest.fixture
def people() -> Cast:
    return cast()


def put(people: Cast, **extra: Any) -> Any:
    return required_days_set(
        **{"county": people.county, "month": OCTOBER, "days": 18, "actor": people.county_one, **extra}
    )


def errors(call: Any, **kwargs: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        call(**kwargs)
    assert caught.value.code == "required_days_invalid"
    return [(error["field"], error["message"]) for error in caught.value.details["errors"]]


def test_default_of_every_month_of_2026() -> None:
    assert tuple(required_days_default(month=ServiceMonth(2026, m)) for m in range(1, 13)) == WORKDAYS_2026
    assert required_days_default(month=ServiceMonth(2024, 2)) == 18


def test_a_year_without_notice_is_not_guessed() -> None:
    with pytest.raises(Invalid) as caught:
        required_days_default(month=ServiceMonth(2027, 5))
    assert caught.value.code == "calendar_year_unknown"
    assert caught.value.message == "2027 年放假安排尚未公布, 请按通知手工填写应考勤天数并写明依据"


def test_kinds_of_october() -> None:
    calendar = calendar_of(OCTOBER)
    kinds = [day.kind for day in calendar.days]
    assert "".join(kind.value[0] for kind in kinds) == "hhhhhhhwwm" + "wwwwwwwwwwwwwwwwwwwww"
    assert [d.date.day for d in calendar.days if d.kind is DayKind.WEEKEND] == [11, 17, 18, 24, 25, 31]
    assert [d.date.day for d in calendar.days if d.kind is DayKind.HOLIDAY] == [1, 2, 3, 4, 5, 6, 7]
    assert [(d.date.day, d.label) for d in calendar.days if d.kind is DayKind.MAKEUP] == [
        (10, "国庆节调休上班")
    ]
    assert calendar.official
    assert "2026" in calendar.source


def test_default_needs_no_reason_and_is_recorded(people: Cast) -> None:
    found = put(people)
    assert (found.days, found.default_days, found.reason, dict(found.overrides)) == (18, 18, "", {})
    row = RequiredDays.objects.get()
    assert (row.days, row.default_days, row.set_by) == (18, 18, people.county_one)
    assert required_days_of(county_code=COUNTY, month=OCTOBER) == found
    assert required_days_of(county_code=COUNTY, month=OCTOBER.next()) is None
    event = AuditEvent.objects.get(action="attendance.required_days.set")
    assert (event.actor_id, event.detail["days"]) == (people.county_one.pk, 18)


def test_overrides_replace_each_other_as_a_whole(people: Cast) -> None:
    first = OverrideInput(institution_id=people.jasmine.pk, days=10, reason="装修停课")
    second = OverrideInput(institution_id=people.bamboo.pk, days=12, reason=" 暑期停课 ")
    put(people, overrides=[first])
    found = put(people, overrides=[second])
    assert dict(found.overrides) == {people.bamboo.pk: Override(days=12, reason="暑期停课")}
    assert found.for_institution(people.bamboo.pk) == 12
    assert found.for_institution(people.jasmine.pk) == 18
    assert RequiredDaysOverride.objects.count() == 1


def test_setting_the_same_again_changes_nothing(people: Cast) -> None:
    override = OverrideInput(institution_id=people.jasmine.pk, days=10, reason="装修停课")
    put(people, overrides=[override])
    before = RequiredDays.objects.get().set_at
    put(people, overrides=[override], actor=people.county_two)
    assert RequiredDays.objects.get().set_at == before
    assert AuditEvent.objects.count() == 1


def test_another_value_needs_a_reason(people: Cast) -> None:
    assert errors(put, people=people, days=17) == [("reason", "与日历默认值不同时须写明原因")]
    assert put(people, days=17, reason="台风停课一天").days == 17
    unknown = {"people": people, "month": ServiceMonth(2027, 5), "days": 19}
    assert errors(put, **unknown) == [("reason", "没有官方放假安排时须写明依据")]
    found = put(**unknown, reason="县教体局通知〔2027〕3号")
    assert (found.days, found.default_days) == (19, None)


@pytest.mark.parametrize("days", [0, -1, 32, True])
def test_days_lie_within_the_month(people: Cast, days: int) -> None:
    assert errors(put, people=people, days=days, reason="x") == [("days", "应为 1 到 31 之间的整数")]
    february = {"people": people, "month": ServiceMonth(2026, 2), "days": 29, "reason": "x"}
    assert errors(put, **february) == [("days", "应为 1 到 28 之间的整数")]
    assert RequiredDays.objects.count() == 0


def test_every_override_is_checked(people: Cast) -> None:
    abroad = make_institution(
        name="外县托育中心", county=make_county("330699000000"), township="330699001000"
    )
    overrides = [
        OverrideInput(institution_id=abroad.pk, days=5, reason="x"),
        OverrideInput(institution_id=people.jasmine.pk, days=40, reason=""),
        OverrideInput(institution_id=people.jasmine.pk, days=5, reason="字" * 301),
    ]
    assert errors(put, people=people, overrides=overrides) == [
        ("overrides[0].institution_id", "不是本县(市、区)的机构"),
        ("overrides[1].days", "应为 1 到 31 之间的整数"),
        ("overrides[1].reason", "机构单独设置须写明原因"),
        ("overrides[2].institution_id", "同一机构只能填写一次"),
        ("overrides[2].reason", "不超过 300 个字"),
    ]
    assert RequiredDays.objects.count() == RequiredDaysOverride.objects.count() == 0


def test_only_the_countys_reviewers_set_them(people: Cast) -> None:
    def refusal(error: type[DomainError], actor: Any) -> str:
        with pytest.raises(error) as caught:
            put(people, actor=actor)
        return caught.value.code

    assert refusal(Forbidden, people.town_sanjiang) == "permission_missing"
    assert refusal(Forbidden, people.evaluator) == "permission_missing"
    assert refusal(NotFound, people.stranger) == "county_not_found"
    assert RequiredDays.objects.count() == 0
