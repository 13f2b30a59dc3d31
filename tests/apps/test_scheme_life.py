"""A scheme's life: drafted, checked on a real month, released by a second person, never edited again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from backend.apps.attendance.services import attendance_fold, required_days_set
from backend.apps.audit.models import AuditEvent
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import Rate, Scheme, SchemeEvent
from backend.apps.subsidy.selectors.scheme import scheme_content_hash, scheme_definition, scheme_list
from backend.apps.subsidy.services import (
    RateInput,
    SchemeInput,
    cycle_open,
    scheme_check,
    scheme_draft_copy,
    scheme_draft_create,
    scheme_draft_edit,
    scheme_release,
)
from backend.apps.subsidy.services.scheme import scheme_input
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY
from tests.factories.schemes import make_scheme

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
OCTOBER = ServiceMonth(2026, 10)
NOVEMBER = ServiceMonth(2026, 11)


@pytest.fixture
def november() -> Any:
    with time_machine.travel("2026-11-02T09:00:00+08:00", tick=False):
        yield


@pytest.fixture
def people() -> Cast:
    return cast()


def content(**changes: Any) -> SchemeInput:
    """300 yuan for everybody at 15 days, from November."""
    plain = SchemeInput(
        name="按天补助",
        document_number="嵊卫发〔2026〕20号",
        starts_on=date(2026, 11, 1),
        definition={"format": 1, "axes": [], "factor": {"family": "threshold", "days": 15}},
        rates=[rate()],
    )
    return replace(plain, **changes)


def rate(amount: str | None = "300.00", **changes: Any) -> RateInput:
    return replace(
        RateInput(
            {}, None if amount is None else Decimal(amount), "嵊卫发〔2026〕20号", date(2026, 11, 1), "第二条"
        ),
        **changes,
    )


def refused(kind: type[DomainError], act: Callable[..., Any], **arguments: Any) -> DomainError:
    before = (
        Scheme.objects.count(),
        Rate.objects.count(),
        SchemeEvent.objects.count(),
        AuditEvent.objects.count(),
    )
    with pytest.raises(kind) as caught:
        act(**arguments)
    after = (
        Scheme.objects.count(),
        Rate.objects.count(),
        SchemeEvent.objects.count(),
        AuditEvent.objects.count(),
    )
    assert after == before
    return caught.value


def october(people: Cast) -> None:
    """One child of fifteen days, one of fourteen, under the demo rule: 18 required days, 350 yuan full."""
    make_scheme(definition=DEFINITION)
    required_days_set(
        county=people.county, month=OCTOBER, days=18, reason="", overrides=[], actor=people.county_one
    )
    workdays = [date(2026, 10, d) for d in (8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27)]
    for days in (workdays, workdays[:14]):
        child = make_child(birth_date=date(2024, 5, 1))
        make_enrolment(child, people.jasmine, starts_on=date(2026, 3, 2))
        make_workdays(child, people.jasmine, days)
    attendance_fold(county_code=COUNTY, month=OCTOBER)


def draft(people: Cast, **changes: Any) -> Scheme:
    return scheme_draft_create(
        county_code=COUNTY, code="days", content=content(**changes), actor=people.county_one
    )


def test_draft_check_release_and_pin(people: Cast) -> None:
    october(people)
    scheme = draft(people)
    assert (scheme.version, scheme.state, scheme.made_by) == (1, "draft", people.county_one)
    seen = scheme_content_hash(scheme)

    checked = scheme_check(scheme_id=scheme.pk, month=OCTOBER, actor=people.county_one)
    total = checked.replay.total
    assert checked.content_hash == seen
    # 15/18 and 14/18 of 350 yuan against 300 at fifteen days and nothing below.
    assert (total.lines, total.before, total.after) == (2, Decimal("563.89"), Decimal("300.00"))
    assert (total.gain, total.loss) == (Decimal("8.33"), Decimal("272.22"))

    released = scheme_release(scheme_id=scheme.pk, content_hash=seen, actor=people.county_two)
    assert (released.state, released.released_by) == ("released", people.county_two)
    assert list(scheme.events.order_by("id").values_list("kind", "by", "digest")) == [
        ("drafted", people.county_one.pk, seen),
        ("checked", people.county_one.pk, seen),
        ("released", people.county_two.pk, seen),
    ]
    assert AuditEvent.objects.filter(action__startswith="subsidy.scheme.").count() == 3
    assert cycle_open(county_code=COUNTY, month=OCTOBER, actor=people.county_one).scheme.code == "test"
    assert cycle_open(county_code=COUNTY, month=NOVEMBER, actor=people.county_one).scheme == scheme


def test_release_needs_a_second_person_a_check_and_the_seen_content(people: Cast) -> None:
    october(people)
    scheme = draft(people)
    seen = scheme_content_hash(scheme)
    release = {"scheme_id": scheme.pk, "content_hash": seen}
    assert refused(Conflict, scheme_release, **release, actor=people.county_two).code == "scheme_unchecked"
    scheme_check(scheme_id=scheme.pk, month=OCTOBER, actor=people.county_one)
    assert (
        refused(Forbidden, scheme_release, **release, actor=people.county_one).code == "separation_of_duties"
    )
    assert refused(Forbidden, scheme_release, **release, actor=people.leader).code == "permission_missing"
    assert refused(NotFound, scheme_release, **release, actor=people.stranger).code == "scheme_not_found"
    # A second editor is no second person any more, and the check of the old content no longer counts.
    scheme_draft_edit(**release, content=content(rates=[rate("310.00")]), actor=people.county_two)
    assert refused(Conflict, scheme_release, **release, actor=people.evaluator).code == "content_changed"
    now = {"scheme_id": scheme.pk, "content_hash": scheme_content_hash(Scheme.objects.get(pk=scheme.pk))}
    assert refused(Forbidden, scheme_release, **now, actor=people.county_two).code == "separation_of_duties"
    assert refused(Conflict, scheme_release, **now, actor=people.evaluator).code == "scheme_unchecked"
    scheme_check(scheme_id=scheme.pk, month=OCTOBER, actor=people.county_two)
    assert scheme_release(**now, actor=people.evaluator).released_by == people.evaluator


def test_a_released_scheme_refuses_edits_in_service_and_database(people: Cast) -> None:
    october(people)
    scheme = draft(people)
    scheme_check(scheme_id=scheme.pk, month=OCTOBER, actor=people.county_one)
    seen = scheme_content_hash(scheme)
    scheme_release(scheme_id=scheme.pk, content_hash=seen, actor=people.county_two)
    edit = {
        "scheme_id": scheme.pk,
        "content_hash": seen,
        "content": content(name="改"),
        "actor": people.county_one,
    }
    assert refused(Conflict, scheme_draft_edit, **edit).code == "scheme_released"
    again = {"scheme_id": scheme.pk, "content_hash": seen, "actor": people.evaluator}
    assert refused(Conflict, scheme_release, **again).code == "scheme_released"
    rows, rates = Scheme.objects.filter(pk=scheme.pk), Rate.objects.filter(scheme=scheme)
    other = draft(people)
    attempts: list[Callable[[], Any]] = [
        lambda: rows.update(name="改"),
        lambda: rows.update(state="draft"),
        lambda: rows._raw_delete(rows.db),
        lambda: rates.update(amount=1),
        lambda: rates.delete(),
        lambda: Rate.objects.create(scheme=scheme, amount=1, document_number="x", starts_on=date(2027, 1, 1)),
        lambda: Rate.objects.filter(scheme=other).update(scheme=scheme, starts_on=date(2027, 1, 1)),
    ]
    for attempt in attempts:
        with pytest.raises(IntegrityError, match="released row"), transaction.atomic():
            attempt()
    assert scheme_content_hash(Scheme.objects.get(pk=scheme.pk)) == seen
    assert Rate.objects.filter(scheme=other).update(amount=2) == 1


def test_the_next_version_is_a_copy_and_may_change(people: Cast) -> None:
    first = draft(people)
    second = scheme_draft_copy(scheme_id=first.pk, actor=people.county_two)
    assert (second.code, second.version, second.state) == ("days", 2, "draft")
    assert scheme_definition(second).digest == scheme_definition(first).digest
    edited = scheme_draft_edit(
        scheme_id=second.pk,
        content_hash=scheme_content_hash(second),
        content=content(
            rates=[rate(), rate("320.00", starts_on=date(2027, 1, 1)), rate(None, starts_on=date(2028, 1, 1))]
        ),
        actor=people.county_two,
    )
    assert list(edited.rates.order_by("starts_on").values_list("amount", flat=True)) == [
        Decimal(300),
        Decimal(320),
        None,
    ]
    assert scheme_input(first).rates == [rate()]


def test_every_axis_survives_the_database(people: Cast) -> None:
    definition = {
        "format": 1,
        "axes": [
            "grade",
            "class_type",
            "age_band",
            "care_mode",
            "setting",
            "affordable",
            "household_order",
            "local_registration",
        ],
        "grades": ["level_1", "level_2"],
        "ages": {"bands": [{"code": "a", "name": "三岁以下", "from_months": 0, "to_months": 36}]},
        "factor": {"family": "ratio"},
    }
    keys = {
        "grade": "level_1",
        "class_type": "infant",
        "age_band": "a",
        "care_mode": "*",
        "setting": "kindergarten",
        "affordable": "yes",
        "household_order": "2+",
        "local_registration": "no",
    }
    rows = [rate(keys=keys), rate("200.00", keys={**keys, "grade": "level_2", "class_type": "*"})]
    scheme = draft(people, definition=definition, rates=rows)
    assert scheme_input(scheme).rates == rows
    everybody = rate(keys={**dict.fromkeys(keys, "*"), "age_band": "a"})
    assert scheme_input(draft(people, definition=definition, rates=[everybody])).rates == [everybody]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (
            {"definition": {"format": 1, "axes": [], "factor": {"family": "threshold", "days": "１５"}}},
            "factor.days",
        ),
        (
            {"definition": {"format": 1, "axes": [], "factor": {"family": "threshold", "days": 1e500}}},
            "factor.days",
        ),
        ({"rates": [rate("-1")]}, "rates[0].amount"),
        ({"rates": [rate("NaN")]}, "rates[0].amount"),
        ({"rates": []}, "rates"),
        ({"rates": [rate(), rate()]}, "rates[1]"),
        ({"rates": [rate(document_number="")]}, "rates[0].document_number"),
        ({"name": ""}, "name"),
        ({"document_number": "x" * 65}, "document_number"),
        (
            {
                "definition": {
                    "format": 1,
                    "axes": ["grade"],
                    "grades": [{"code": "star", "name": "星级"}],
                    "factor": {"family": "ratio"},
                },
                "rates": [rate(keys={"grade": "star"})],
            },
            "grades[0]",
        ),
    ],
)
def test_wrong_content_is_refused_by_field(people: Cast, changes: dict[str, Any], field: str) -> None:
    arguments = {
        "county_code": COUNTY,
        "code": "days",
        "content": content(**changes),
        "actor": people.county_one,
    }
    error = refused(Invalid, scheme_draft_create, **arguments)
    assert (error.code, error.details["errors"][0]["field"]) == ("scheme_invalid", field)


def test_who_may_draft_and_see(people: Cast) -> None:
    arguments = {"county_code": COUNTY, "code": "days", "content": content()}
    for person, code in (
        (people.leader, "permission_missing"),
        (people.operator_jasmine, "permission_missing"),
    ):
        assert refused(Forbidden, scheme_draft_create, **arguments, actor=person).code == code
    assert (
        refused(NotFound, scheme_draft_create, **arguments, actor=people.stranger).code == "county_not_found"
    )
    scheme = draft(people)
    assert list(scheme_list(actor=people.auditor)) == [scheme]
    assert list(scheme_list(actor=people.stranger)) == []
    assert list(scheme_list(actor=people.system_admin)) == []


def test_a_check_needs_a_month_that_is_over_and_has_required_days(people: Cast) -> None:
    make_scheme(definition=DEFINITION)
    scheme = draft(people)
    check = {"scheme_id": scheme.pk, "actor": people.county_one}
    assert refused(Invalid, scheme_check, **check, month=NOVEMBER).code == "month_not_past"
    assert refused(Conflict, scheme_check, **check, month=OCTOBER).code == "required_days_missing"
    assert refused(Conflict, scheme_check, **check, month=ServiceMonth(2025, 10)).code == "scheme_missing"
