"""The demo rule once more, child by child and day by day from the raw punches: slow, plain, and written separately."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from backend.apps.attendance.models import AttendanceCorrection, Punch
from backend.apps.enrolment.models import Enrolment
from backend.apps.institutions.models import Institution, InstitutionGrade
from backend.apps.subsidy.models import Rate
from tests.apps.synthetic_month import SILENT, WORKDAYS, Synthetic

Found = tuple[int, int, str, str, str]  # attended, not captured, factor, amount, reason
SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


def oracle_lines(month: Synthetic) -> dict[tuple[str, str], Found]:
    found: dict[tuple[str, str], Found] = {}
    for child in month.children:
        places = {
            e.institution_id: e.institution
            for e in Enrolment.objects.filter(child=child).select_related("institution")
            if e.starts_on <= LAST and (e.ends_on is None or e.ends_on >= FIRST)
        }
        days = {pk: _days(month, child.pk, place) for pk, place in places.items()}
        lines = {pk: _line(month, child, place, days[pk][0], days[pk][1]) for pk, place in places.items()}
        shared = [pk for pk, line in lines.items() if not line[4].endswith("_eligible")]
        if len(shared) > 1:  # by days: the first entry wins a shared day, and the month is divided
            owner: dict[date, int] = {}
            for day in {d for pk in shared for d in days[pk][0]}:
                claims = [(days[pk][2].get(day, 1440), pk) for pk in shared if day in days[pk][0]]
                owner[day] = min(claims)[1]
            for pk in shared:
                own = {d for d in days[pk][0] if owner[d] == pk}
                lines[pk] = _line(month, child, places[pk], own, days[pk][1], of=len(owner))
        for pk, line in lines.items():
            found[places[pk].name, child.code] = line
    return found


def _days(month: Synthetic, child_id: int, place: Institution) -> tuple[set[date], int, dict[date, int]]:
    """Days that count, days not captured, minute of the first entry."""
    per_day: dict[date, dict[str, list[int]]] = defaultdict(lambda: {"in": [], "out": []})
    for punch in Punch.objects.filter(child_id=child_id, institution=place):
        local = punch.happened_at.astimezone(SHANGHAI)
        per_day[local.date()][punch.direction].append(local.hour * 60 + local.minute)
    enrolments = list(Enrolment.objects.filter(child_id=child_id, institution=place))
    corrections = {
        c.date: c.kind for c in AttendanceCorrection.objects.filter(child_id=child_id, institution=place)
    }
    counted, silent = set(), 0
    for day in WORKDAYS:
        if not any(e.starts_on <= day and (e.ends_on is None or day <= e.ends_on) for e in enrolments):
            continue
        punches = per_day[day]
        if day in corrections:
            if corrections[day] == "present":
                counted.add(day)
        elif punches["in"] and punches["out"] and max(punches["out"]) > min(punches["in"]):
            counted.add(day)
        elif not punches["in"] and not punches["out"] and (month.institutions.index(place), day) == SILENT:
            silent += 1
    return counted, silent, {day: min(p["in"]) for day, p in per_day.items() if p["in"]}


def _line(
    month: Synthetic,
    child: object,
    place: Institution,
    days: set[date],
    silent: int,
    *,
    of: int | None = None,
) -> Found:
    """`of` are the days of the child at all its institutions; this one is worth its part of them."""
    enrolment = (
        Enrolment.objects.filter(child=child, institution=place, starts_on__lte=LAST)
        .exclude(ends_on__lt=FIRST)
        .order_by("starts_on")[0]
    )
    grade = (
        InstitutionGrade.objects.filter(institution=place, starts_on__lte=FIRST).latest("starts_on").grade_id
    )
    if grade == "ungraded":
        return len(days), silent, "0.000000", "0.00", "grade_not_eligible"
    if enrolment.care_mode == "hourly":
        return len(days), silent, "0.000000", "0.00", "care_mode_not_eligible"
    rate = Rate.objects.get(grade_id=grade, class_type=enrolment.class_type, care_mode=enrolment.care_mode)
    assert rate.amount is not None
    required = 15 if place == month.institutions[3] else 18
    total = len(days) if of is None else of
    share = Fraction(min(total, required) * len(days), required * total) if total else Fraction(0)
    factor = Decimal(share.numerator) / share.denominator
    amount = (rate.amount * share.numerator / share.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)
    reason = "no_days" if not days else "full" if factor == 1 else "partial"
    return len(days), silent, str(factor.quantize(Decimal("0.000001"), ROUND_HALF_UP)), str(amount), reason
