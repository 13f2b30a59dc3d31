"""One child, one enrolment, one look at plain data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from backend.apps.accounts.models import User
from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.domain import child_code
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.enrolment.services import child_reveal, child_upsert, enrolment_upsert
from backend.apps.enrolment.services.child import new_codes
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from tests.factories import cast, make_child, make_enrolment, make_institution

pytestmark = pytest.mark.django_db

GIRL = "330683202406010029"


def fields(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(error["field"], error["message"]) for error in refused.value.details["errors"]]


def test_a_child_is_found_by_number_then_by_code() -> None:
    created = child_upsert(name="王小明", id_number="３３０６８３２０２４０６０１００２９")
    assert (created.outcome, created.child.id_number, created.child.birth_date, created.child.sex) == (
        *("created", GIRL),
        *(date(2024, 6, 1), "female"),
    )
    assert child_code.is_valid(created.child.code)
    assert child_upsert(name="王小明", id_number=GIRL).outcome == "unchanged"
    updated = child_upsert(name="王晓明", code=created.child.code, guardian_phone="13800000000")
    assert (updated.outcome, updated.child.pk) == ("updated", created.child.pk)
    assert Child.objects.get().name == "王晓明"
    assert [e.detail["fields"] for e in AuditEvent.objects.order_by("id")][1] == ["guardian_phone", "name"]


def test_a_child_without_a_number_needs_birth_date_and_sex() -> None:
    with pytest.raises(Invalid) as refused:
        child_upsert(name="王小明")
    assert fields(refused) == [
        ("birth_date", "没有证件号码时必须填出生日期"),
        ("sex", "没有证件号码时必须填性别"),
    ]
    child = child_upsert(name="王小明", birth_date=date(2024, 6, 1), sex="female").child
    assert (child.id_number, child.id_number_index) == ("", None)
    joined = child_upsert(name="王小明", code=child.code, id_number=GIRL)
    assert (joined.outcome, joined.child.pk, Child.objects.count()) == ("updated", child.pk, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"id_number": "330683202406010021"}, [("id_number", "证件号码校验位不正确, 请核对是否录错")]),
        ({"id_number": GIRL, "sex": "male"}, [("sex", "性别与证件号码不一致")]),
        ({"id_number": GIRL, "birth_date": date(2024, 6, 2)}, [("birth_date", "出生日期与证件号码不一致")]),
        ({"id_number": GIRL, "code": "YE1"}, [("code", "婴幼儿编号不正确")]),
        ({"id_number": GIRL, "name": ""}, [("name", "此字段不能为空。")]),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, object], expected: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as refused:
        child_upsert(**{"name": "王小明"} | values)  # type: ignore[arg-type]  # mixed values
    assert fields(refused) == expected
    assert Child.objects.count() == AuditEvent.objects.count() == 0


def test_code_and_number_of_two_children_are_refused() -> None:
    one, other = make_child(), make_child()
    for number in (other.id_number, GIRL):
        with pytest.raises(Conflict, match="婴幼儿编号与证件号码属于不同的婴幼儿"):
            child_upsert(name="王小明", code=one.code, id_number=number)
    assert Child.objects.count() == 2


def test_new_codes_avoid_those_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = make_child().code
    drawn = iter([taken, "YE22222222", "YE22222222", "YE33333333"])
    monkeypatch.setattr(child_code, "draw", lambda _rng: next(drawn))
    assert new_codes(2) == ["YE22222222", "YE33333333"]


def test_an_enrolment_never_overlaps_another_of_the_same_institution() -> None:
    child, institution = make_child(birth_date=date(2024, 6, 1)), make_institution()

    def put(starts_on: date, ends_on: date | None = None, **changes: object):  # type: ignore[no-untyped-def]  # the result
        values = {"class_type": "younger_toddler", "care_mode": "full_day", "monthly_fee": Decimal(1800)}
        return enrolment_upsert(
            child=child,
            institution=institution,
            starts_on=starts_on,
            ends_on=ends_on,
            **values | changes,  # type: ignore[arg-type]  # mixed values
        )

    assert put(date(2026, 9, 1)).outcome == "created"
    assert put(date(2026, 9, 1)).outcome == "unchanged"
    with pytest.raises(Invalid) as refused:
        put(date(2026, 10, 16), class_type="older_toddler")
    assert fields(refused) == [
        ("starts_on", "与本机构 2026-09-01 起的在托登记重叠, 请先填写那一次的离托日期")
    ]
    assert put(date(2026, 9, 1), date(2026, 10, 15)).outcome == "updated"
    assert put(date(2026, 10, 16), class_type="older_toddler").outcome == "created"
    with pytest.raises(Invalid) as refused:
        put(date(2024, 5, 31), date(2024, 5, 1))
    assert fields(refused) == [("ends_on", "离托日期早于入托日期"), ("starts_on", "入托日期早于出生日期")]
    assert Enrolment.objects.count() == 2


def test_revealing_takes_a_reason_and_leaves_an_event() -> None:
    people = cast()
    child = make_child(name="王小明", guardian_name="王芳", guardian_phone="13800000000")
    make_enrolment(child, people.jasmine)
    plain = child_reveal(child_id=child.pk, reason=" 家长来电核对 ", actor=people.town_sanjiang)
    assert (plain.name, plain.id_number, plain.guardian_name, plain.guardian_phone) == (
        *("王小明", child.id_number),
        *("王芳", "13800000000"),
    )
    assert repr(plain) == "ChildPlain()"
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id, event.target_id, event.county_code, event.detail) == (
        *("enrolment.child.revealed", people.town_sanjiang.pk, str(child.pk), "330683000000"),
        {"reason": "家长来电核对", "child_code": child.code},
    )


def test_who_may_not_reveal_leaves_no_trace_of_the_child() -> None:
    people = cast()
    child = make_child()
    make_enrolment(child, people.jasmine)
    refusals: list[tuple[User, str, type[DomainError]]] = [
        (people.town_luoshan, "核对", NotFound),  # another township
        (people.stranger, "核对", NotFound),  # another county
        (people.operator_jasmine, "核对", Forbidden),
        (people.auditor, "核对", Forbidden),
        (people.county_one, " ", Invalid),
    ]
    for actor, reason, error in refusals:
        with pytest.raises(error):
            child_reveal(child_id=child.pk, reason=reason, actor=actor)
    with pytest.raises(NotFound):
        child_reveal(child_id=child.pk + 1, reason="核对", actor=people.county_one)
    assert AuditEvent.objects.count() == 0
