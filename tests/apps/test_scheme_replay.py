"""试算沙盘: the same months under another rule, without a trace in the database."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from backend.apps.attendance.services import attendance_fold, required_days_set
from backend.apps.institutions.models import InstitutionGrade
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import MonthlyCycle, Rate, Scheme, Statement
from backend.apps.subsidy.selectors.scheme import scheme_content_hash
from backend.apps.subsidy.services import Replay, cycle_calculate, cycle_open, scheme_replay
from backend.apps.subsidy.services.replay import read_only
from backend.common.errors import Conflict, Invalid
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY
from tests.factories.schemes import make_scheme

pytestmark = pytest.mark.django_db
SEPTEMBER, OCTOBER = ServiceMonth(2026, 9), ServiceMonth(2026, 10)
FIRST_DAYS = {
    SEPTEMBER: [1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 20],
    OCTOBER: [8, 9, 10, 12, 13, 14, 15, 16, 19],
}


@pytest.fixture
def people() -> Cast:
    """Two months: 15 days in September of 22, 9 in October of 18, at 茉莉 (一级) and 云朵 (三级)."""
    company = cast()
    make_scheme(definition=DEFINITION)
    for month, required in ((SEPTEMBER, 22), (OCTOBER, 18)):
        required_days_set(
            county=company.county,
            month=month,
            days=required,
            reason="试验",
            overrides=[],
            actor=company.county_one,
        )
    for institution in (company.jasmine, company.nowhere):
        child = make_child(birth_date=date(2024, 5, 1))
        make_enrolment(child, institution, starts_on=date(2026, 3, 2))
        for month, days in FIRST_DAYS.items():
            make_workdays(child, institution, [date(month.year, month.month, d) for d in days])
    for month in FIRST_DAYS:
        attendance_fold(county_code=COUNTY, month=month)
    return company


def calculated(people: Cast, month: ServiceMonth) -> MonthlyCycle:
    cycle = cycle_open(county_code=COUNTY, month=month, actor=people.county_one)
    cycle_calculate(cycle_id=cycle.pk)
    return cycle


def drafted(**extra: Any) -> Scheme:
    """The rule in force as a second version."""
    return make_scheme(**{"definition": DEFINITION, "version": 2, "state": "draft", **extra})


def totals(replay: Replay) -> tuple[int, int, str, str]:
    return replay.total.lines, replay.total.changed, str(replay.total.before), str(replay.total.after)


def test_an_unchanged_scheme_gives_exactly_zero_differences(people: Cast) -> None:
    calculated(people, OCTOBER)
    live = Scheme.objects.get(version=1)
    before = scheme_content_hash(live)
    replay = scheme_replay(scheme=drafted(), months=[OCTOBER, SEPTEMBER])
    # 350 × 15/22 + 250 × 15/22 = 238.64 + 170.45; 350 × 9/18 + 250 × 9/18 = 175 + 125
    assert totals(replay) == (4, 0, "709.09", "709.09")
    assert (replay.total.gain, replay.total.loss) == (Decimal("0.00"), Decimal("0.00"))
    assert [m.comparison.changes for m in replay.months] == [(), ()]
    assert [(str(m.month), m.drift, m.stored_total) for m in replay.months] == [
        ("2026-09", 0, None),
        ("2026-10", 0, Decimal("300.00")),
    ]
    assert {label: n for label, n in replay.distribution if n} == {"不变": 4}
    assert scheme_content_hash(Scheme.objects.get(pk=live.pk)) == before


def test_gains_and_losses_by_institution_and_grade(people: Cast) -> None:
    draft = drafted(amounts={"level_1": 450, "level_3": 240})
    replay = scheme_replay(scheme=draft, months=[OCTOBER])
    assert totals(replay) == (2, 2, "300.00", "345.00")
    assert (replay.total.gain, replay.total.loss) == (Decimal("50.00"), Decimal("5.00"))
    assert [(g.key, g.difference) for g in replay.by_grade] == [
        ("level_1", Decimal("50.00")),
        ("level_3", Decimal("-5.00")),
    ]
    assert [(int(g.key), g.after) for g in replay.by_institution] == [
        (people.jasmine.pk, Decimal("225.00")),
        (people.nowhere.pk, Decimal("120.00")),
    ]
    assert {label: n for label, n in replay.distribution if n} == {"增加 50 元以内": 1, "减少 50 元以内": 1}
    (gained, lost) = sorted(replay.months[0].comparison.changes, key=lambda c: c.difference, reverse=True)
    assert (gained.before, gained.after, lost.difference) == (
        Decimal("175.00"),
        Decimal("225.00"),
        Decimal("-5.00"),
    )


def test_a_future_draft_is_tried_as_if_in_force(people: Cast) -> None:
    replay = scheme_replay(scheme=drafted(starts_on=date(2027, 1, 1)), months=[SEPTEMBER])
    assert totals(replay) == (2, 0, "409.09", "409.09")


def test_a_missing_rate_is_counted_as_blocked_and_not_as_a_silent_loss(people: Cast) -> None:
    replay = scheme_replay(scheme=drafted(amounts={"level_1": 350}), months=[OCTOBER])
    assert (replay.blocked_before, replay.blocked_after) == (0, 1)
    (change,) = replay.months[0].comparison.changes
    assert (change.reason_after, change.difference) == ("no_rate", Decimal("-125.00"))


def test_a_cap_sees_what_the_earlier_replayed_months_would_have_paid(people: Cast) -> None:
    capped = {**DEFINITION, "caps": {"amount_per_year": 300}}
    replay = scheme_replay(scheme=drafted(definition=capped), months=[SEPTEMBER, OCTOBER])
    assert [str(m.comparison.total.after) for m in replay.months] == ["409.09", "186.36"]
    reasons = {c.reason_after: c.after for c in replay.months[1].comparison.changes}
    assert reasons == {
        "capped_year": Decimal("61.36")
    }  # 300 - 238.64; the other child has 129.55 left and gets 125


def test_excluded_statements_stay_out_and_late_data_shows_as_drift(people: Cast) -> None:
    cycle = calculated(people, OCTOBER)
    Statement.objects.filter(institution=people.nowhere).update(
        outcome=Statement.Outcome.EXCLUDED, finished=True, exclusion_reason="备案已失效"
    )
    MonthlyCycle.objects.filter(pk=cycle.pk).update(evaluated_at=cycle.opened_at)
    InstitutionGrade.objects.create(
        institution=people.jasmine, grade_id="level_2", starts_on=date(2026, 10, 1)
    )
    replay = scheme_replay(scheme=drafted(), months=[OCTOBER])
    (month,) = replay.months
    assert totals(replay) == (1, 0, "150.00", "150.00")
    assert (month.evaluated, month.stored_total, month.drift) == (True, Decimal("175.00"), 1)


def test_the_database_refuses_to_write_inside(people: Cast) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), read_only():
        Rate.objects.create(
            scheme=drafted(), grade_id="level_1", amount=1, document_number="x", starts_on=date(2026, 1, 1)
        )
    with pytest.raises(DatabaseError), transaction.atomic(), read_only():
        people.jasmine.save()
    people.jasmine.save()  # and it is over afterwards


def test_refusals(people: Cast) -> None:
    draft = drafted()
    for months, kind, code in (
        ([], Invalid, "months_wrong"),
        ([ServiceMonth(2026, 8)], Conflict, "required_days_missing"),
        ([ServiceMonth(2025, 8)], Conflict, "scheme_missing"),
    ):
        with pytest.raises(kind) as caught:
            scheme_replay(scheme=draft, months=months)
        assert caught.value.code == code
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_the_command_prints_a_table_and_json(people: Cast) -> None:
    drafted(amounts={"level_1": 450, "level_3": 240})
    out = StringIO()
    call_command("scheme_replay", "330683", "test", "2026-10", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "试验补助方案 test@2 (草稿)"
    assert lines[2].split() == ["2", "2", "300.00", "345.00", "50.00", "5.00", "2026-10"]
    assert "嵊州市茉莉托育中心" in out.getvalue()
    out = StringIO()
    call_command("scheme_replay", "330683", "test@1", "2026-10", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert (found["total"]["changed"], found["total"]["difference"]) == (0, "0.00")
    for wrong in (
        ["330683", "none", "2026-10"],
        ["330683", "test", "2026-1"],
        ["330683", "test"],
        ["330683", "test@x"],
    ):
        with pytest.raises(CommandError):
            call_command("scheme_replay", *wrong)
