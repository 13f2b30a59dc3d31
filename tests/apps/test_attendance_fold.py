"""Punches → attendance days → feed days: exact values, and folding twice equals folding once."""

from __future__ import annotations

import random
from datetime import date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from backend.apps.attendance.models import AttendanceDay, FeedDay, Punch
from backend.apps.attendance.services import attendance_ensure_folded, attendance_fold, attendance_refold
from backend.apps.attendance.services.fold import FoldSummary
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth
from tests.factories import attendance, children, places

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
COUNTY = places.COUNTY
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-10-{day:02d}T{clock}").replace(tzinfo=SHANGHAI)


def fold(**extra: object) -> FoldSummary:
    return attendance_fold(county_code=COUNTY, month=OCTOBER, **extra)


def day_rows() -> list[tuple]:
    return list(
        AttendanceDay.objects.order_by("child_id", "date", "institution_id").values_list(
            "child_id",
            "institution_id",
            "date",
            "first_in",
            "last_out",
            "in_count",
            "out_count",
            "manual_count",
        )
    )


@pytest.fixture
def jasmine() -> Institution:
    return places.make_institution(name="嵊州市茉莉托育中心")


def test_first_entry_and_last_exit_of_each_day(jasmine: Institution) -> None:
    child = children.make_child()
    for clock, direction in (("08:20", "in"), ("11:30", "out"), ("13:00", "in"), ("16:31:05", "out")):
        attendance.make_punch(child, jasmine, date(2026, 10, 8), clock, direction)
    attendance.make_punch(child, jasmine, date(2026, 10, 9), "08:25", "in", source=Punch.Source.MANUAL)

    summary = fold()

    assert (summary.days_removed, summary.days_written) == (0, 2)
    assert day_rows() == [
        (child.pk, jasmine.pk, date(2026, 10, 8), at(8, "08:20"), at(8, "16:31:05"), 2, 2, 0),
        (child.pk, jasmine.pk, date(2026, 10, 9), at(9, "08:25"), None, 1, 0, 1),
    ]


def test_midnight_in_shanghai_divides_days_and_months(jasmine: Institution) -> None:
    child = children.make_child()
    attendance.make_punch(child, jasmine, date(2026, 9, 30), "23:59:59", "in")
    attendance.make_punch(child, jasmine, date(2026, 10, 1), "00:00", "out")
    attendance.make_punch(child, jasmine, date(2026, 10, 12), "23:59", "in")
    attendance.make_punch(child, jasmine, date(2026, 10, 13), "00:01", "out")
    attendance.make_punch(child, jasmine, date(2026, 10, 31), "23:59:59", "out")
    attendance.make_punch(child, jasmine, date(2026, 11, 1), "00:00", "in")

    fold()

    assert [(row[2], row[3], row[4]) for row in day_rows()] == [
        (date(2026, 10, 1), None, at(1, "00:00")),
        (date(2026, 10, 12), at(12, "23:59"), None),
        (date(2026, 10, 13), None, at(13, "00:01")),
        (date(2026, 10, 31), None, at(31, "23:59:59")),
    ]


def test_twice_equals_once_and_writes_nothing(jasmine: Institution) -> None:
    child = children.make_child()
    attendance.make_workdays(child, jasmine, [date(2026, 10, 8), date(2026, 10, 10)])
    fold()
    before = list(AttendanceDay.objects.order_by("id").values_list())

    assert fold() == FoldSummary(days_removed=0, days_written=0, feed_days_changed=0)
    assert list(AttendanceDay.objects.order_by("id").values_list()) == before


def test_a_late_punch_changes_its_day_only(jasmine: Institution) -> None:
    child, other = children.make_child(), children.make_child()
    attendance.make_workdays(other, jasmine, [date(2026, 10, 8)])
    attendance.make_punch(child, jasmine, date(2026, 10, 8), "08:20", "in")
    fold()
    kept = AttendanceDay.objects.get(child=other).pk

    attendance.make_punch(child, jasmine, date(2026, 10, 8), "16:20", "out")
    summary = fold(child_ids=[child.pk])

    assert (summary.days_removed, summary.days_written) == (1, 1)
    assert AttendanceDay.objects.get(child=child).last_out == at(8, "16:20")
    assert AttendanceDay.objects.get(child=other).pk == kept


def test_rows_no_punch_backs_are_removed(jasmine: Institution) -> None:
    child = children.make_child()
    attendance.make_workdays(child, jasmine, [date(2026, 10, 8)])
    fold()
    AttendanceDay.objects.create(child=child, institution=jasmine, date=date(2026, 10, 9), in_count=1)

    summary = attendance_refold(county_code=COUNTY, month=OCTOBER)

    assert (summary.fold.days_removed, summary.fold.days_written) == (1, 0)
    assert (summary.punches, summary.punches_kept_before, summary.was_current) == (2, 3, False)
    assert (summary.days_before, summary.days_after) == (2, 1)
    assert attendance_refold(county_code=COUNTY, month=OCTOBER).was_current


def test_other_counties_and_months_stay_as_they_are(jasmine: Institution) -> None:
    county = places.make_county("330699000000", name="外县")
    abroad = places.make_institution(name="外县托育中心", county=county, township="330699001000")
    child = children.make_child()
    attendance.make_workdays(child, abroad, [date(2026, 10, 8)])
    attendance.make_workdays(child, jasmine, [date(2026, 9, 30)])
    foreign = AttendanceDay.objects.create(
        child=child, institution=abroad, date=date(2026, 10, 9), in_count=7
    )

    fold()

    assert list(AttendanceDay.objects.values_list("pk", flat=True)) == [foreign.pk]


def test_order_and_resending_of_punches_do_not_matter(jasmine: Institution) -> None:
    child = children.make_child()
    attendance.make_workdays(child, jasmine, [date(2026, 10, 8), date(2026, 10, 9)])
    fold()
    expected = day_rows()
    other = children.make_child()
    copies = [
        Punch(
            child=other,
            institution=jasmine,
            happened_at=punch.happened_at,
            arrived_at=punch.arrived_at,
            direction=punch.direction,
            source=punch.source,
            idempotency_key=f"copy-{punch.pk}",
        )
        for punch in Punch.objects.all()
    ]
    random.Random(1).shuffle(copies)
    Punch.objects.bulk_create([*copies, *copies], ignore_conflicts=True)
    fold()

    assert [row[1:] for row in day_rows() if row[0] == other.pk] == [row[1:] for row in expected]


def test_feed_days_tell_captured_silent_and_closed(jasmine: Institution) -> None:
    child, other = children.make_child(), children.make_child()
    attendance.make_workdays(child, jasmine, [date(2026, 10, 8), date(2026, 10, 10)])
    attendance.make_punch(other, jasmine, date(2026, 10, 8), "16:00", "out")  # no entry: not in the headcount
    attendance.make_punch(other, jasmine, date(2026, 10, 3), "09:00", "in")  # 国庆节

    assert fold().feed_days_changed == 31

    feed = {
        row.date.day: (row.state, row.headcount, row.punch_count)
        for row in FeedDay.objects.filter(institution=jasmine)
    }
    assert len(feed) == 31
    assert feed[8] == ("captured", 1, 3)
    assert feed[10] == ("captured", 1, 2)  # Saturday, 调休上班
    assert feed[9] == ("silent", 0, 0)
    assert feed[3] == ("closed", 1, 1)
    assert feed[11] == ("closed", 0, 0)
    states = [state for state, _, _ in feed.values()]
    assert (states.count("captured"), states.count("silent"), states.count("closed")) == (2, 16, 13)


def test_an_institution_closed_for_good_is_closed_not_silent() -> None:
    places.make_institution(name="嵊州市停办托育中心", closed_on=date(2026, 10, 15))
    fold()
    assert list(
        FeedDay.objects.filter(date__day__in=[14, 15]).order_by("date").values_list("state", flat=True)
    ) == [
        "silent",
        "closed",
    ]


def test_a_day_still_to_come_has_no_feed_row(jasmine: Institution, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: at(13, "10:00"))
    child = children.make_child()
    attendance.make_workdays(child, jasmine, [date(2026, 10, 12)])
    fold()
    feed = dict(FeedDay.objects.filter(institution=jasmine).values_list("date", "state"))
    assert feed[date(2026, 10, 13)] == "silent"
    assert date(2026, 10, 14) not in feed
    assert feed[date(2026, 10, 31)] == "closed"


def test_ensure_folded_folds_only_when_punches_are_missing(jasmine: Institution) -> None:
    child = children.make_child()
    attendance.make_workdays(child, jasmine, [date(2026, 10, 8)])
    assert attendance_ensure_folded(county_code=COUNTY, month=OCTOBER) is True
    assert attendance_ensure_folded(county_code=COUNTY, month=OCTOBER) is False
    attendance.make_punch(child, jasmine, date(2026, 10, 9), "08:00", "in")
    assert attendance_ensure_folded(county_code=COUNTY, month=OCTOBER) is True
    assert AttendanceDay.objects.count() == 2


def test_the_nightly_command_compares_and_repairs(jasmine: Institution) -> None:
    child = children.make_child()
    attendance.make_workdays(child, jasmine, [date(2026, 10, 8)])

    def night(**options: str) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        call_command("attendance_refold", month="2026-10", stdout=out, stderr=err, **options)
        return out.getvalue().strip(), err.getvalue().strip()

    told, complaint = night(county="330683")
    assert told == (
        "330683000000 2026-10: 打卡 2 条, 日考勤原计入 0 条 · 日考勤 0 → 1 行 (删 0, 写 1)"
        " · 采集状态变动 31 行 · 月考勤变动 1 行"
    )
    assert complaint == "有 1 个县月的日考勤落后于打卡, 已补齐; 请查找没有汇总的写入途径"
    told, complaint = night()
    assert told.endswith("日考勤 1 → 1 行 (删 0, 写 0) · 采集状态变动 0 行 · 月考勤变动 0 行")
    assert complaint == ""
    with pytest.raises(CommandError, match="没有属于 330699 的机构"):
        night(county="330699")
