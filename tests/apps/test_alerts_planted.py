"""The demo county against its own list: every planted case is found, with its weight, and nothing else."""

from __future__ import annotations

import io
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.alerts.services import alerts_raise
from backend.apps.enrolment.models import Child
from tests.apps.test_demo_seed import MONTH, plan
from tests.factories import COUNTY

pytestmark = pytest.mark.django_db
Found = set[tuple[Any, ...]]


def expected() -> dict[str, Found]:
    """By rule: who or where, on which days, blocking or not, how heavy."""
    planted = plan().planted

    def rows(kind: str) -> list[dict[str, Any]]:
        return planted[kind]

    def codes(row: dict[str, Any]) -> tuple[str, ...]:
        return tuple(sorted(row.get("child_codes", [row.get("child_code")])))

    return {
        "headcount": {
            (r["institution"], r["date"], r["headcount"], True, "high")
            for r in rows("headcount_over_threshold")
        },
        "several_institutions": {
            *((codes(r), "overlap", True, "high") for r in rows("several_institutions_overlap")),
            *((codes(r), "transfer", False, "low") for r in rows("several_institutions_transfer")),
        },
        "over_places": {(r["institution"], (r["date"],), True, "high") for r in rows("over_places")},
        "identity": {
            *((codes(r), "same_number", True, "high") for r in rows("same_number_in_two_forms")),
            *((codes(r), "same_person", True, "high") for r in rows("same_name_and_birth_date")),
            *((codes(r), "bad_number", False, "medium") for r in rows("number_with_wrong_check_digit")),
            *((codes(r), "too_old", False, "medium") for r in rows("older_than_the_limit")),
        },
        "photo_reused": {
            *((codes(r), True, True, "high") for r in rows("same_photo_of_two_children")),
            *((codes(r), False, False, "medium") for r in rows("photo_copied_with_changes")),
        },
        "burst": {(r["institution"], r["date"], "in", False, "medium") for r in rows("burst")},
        "closed_day": {
            (r["institution"], r["date"], "holiday", False, "medium") for r in rows("holiday_punches")
        },
        "outside_enrolment": {
            *(
                (codes(r), "before", False, "low") for r in rows("before_enrolment")
            ),  # within the days of trial
            *((codes(r), "after", False, "medium") for r in rows("after_leaving")),
        },
        "on_leave": {
            (codes(r), tuple(r["dates"]), False, "low" if r["early_return"] else "medium")
            for r in rows("on_leave")
        },
        "incomplete_days": {(codes(r), True, False, "low") for r in rows("no_exit")},
        "short_stay": {(codes(r), tuple(r["dates"]), False, "medium") for r in rows("short_stay")},
        "pile_up": {(r["institution"], r["days"], codes(r), False, "medium") for r in rows("pile_up")},
        "perfect_class": {
            (r["institution"], r["class_type"], False, "medium") for r in rows("perfect_class")
        },
        "manual_share": {(r["institution"], False, "medium") for r in rows("many_manual_punches")},
        "jump": {(r["institution"], r["children_before"], False, "medium") for r in rows("jump")},
        "clock_drift": {(r["institution"], r["device"], "ahead", False, "low") for r in rows("clock_ahead")},
    }


def described(alert: Alert, code_of: dict[int, str]) -> tuple[Any, ...]:
    evidence, place = alert.evidence, alert.institution.name
    ids = evidence.get("child_ids", [evidence.get("child_id")])
    people = tuple(sorted(code_of.get(pk, "") for pk in ids))
    match alert.rule:
        case "several_institutions" | "identity" | "outside_enrolment":
            what: tuple[Any, ...] = (people, evidence["kind"])
        case "photo_reused":
            what = people, evidence["exact"]
        case "headcount":
            what = place, evidence["date"], evidence["headcount"]
        case "over_places":
            what = place, tuple(row["date"] for row in evidence["days"])
        case "burst":
            what = place, evidence["date"], evidence["direction"]
        case "closed_day":
            what = place, evidence["date"], evidence["kind"]
        case "on_leave" | "short_stay":
            what = people, tuple(evidence["dates"])
        case "incomplete_days":
            what = people, len(evidence["days"]) >= 5
        case "perfect_class":
            what = place, evidence["class_type"]
        case "pile_up":
            what = place, evidence["threshold"], people
        case "jump":
            what = place, evidence["before"]
        case "clock_drift":
            what = place, evidence["device"], evidence["kind"]
        case _:
            what = (place,)
    return (*what, alert.blocking, alert.severity)


def test_every_planted_case_is_found_and_nothing_else() -> None:
    call_command("demo_seed", "--scale", "0.05", stdout=io.StringIO())
    alerts_raise(county_code=COUNTY, month=MONTH, rules=expected().keys())
    code_of = dict(Child.objects.values_list("pk", "code"))
    found: dict[str, Found] = defaultdict(set)
    alerts = list(Alert.objects.select_related("institution"))
    for alert in alerts:
        found[alert.rule].add(described(alert, code_of))
    for rule, wanted in expected().items():
        assert found[rule] == wanted, rule
    assert len(alerts) == sum(map(len, found.values()))
    for alert in alerts:
        registered = REGISTRY[alert.rule]
        said = [registered.summary(alert.evidence), *registered.lines(alert.evidence)]
        assert all(said), alert.rule
        assert all(day.institution_id for day in registered.days(alert.evidence))
        text = f"{alert.evidence}{alert.against}{said}"
        assert not any(c.name in text or c.id_number in text for c in _people(alert)), alert.rule


def _people(alert: Alert) -> list[Child]:
    evidence = alert.evidence
    return list(Child.objects.filter(pk__in=evidence.get("child_ids", [evidence.get("child_id")])))


def test_in_a_larger_county_no_blocking_rule_finds_more_than_was_planted() -> None:
    """Chance makes namesakes and broken days; none of them may hold up money.

    On PostgreSQL with the statistics of an empty database, as after an import: one query that had to trust them took
    three minutes.
    """
    planted = plan(Decimal("0.15")).planted
    forget_statistics()
    call_command("demo_seed", "--scale", "0.15", stdout=io.StringIO())
    summary = alerts_raise(county_code=COUNTY, month=MONTH)
    blocking = ("headcount_over_threshold", "several_institutions_overlap", "over_places",
                "same_number_in_two_forms", "same_name_and_birth_date", "same_photo_of_two_children")  # fmt: skip  # a list of kinds
    assert summary.open == sum(len(planted[kind]) for kind in blocking) == 10


def forget_statistics() -> None:
    """Full pages and no rows: what the planner remembers after everything was rolled back, or of tables emptied before an import."""
    if connection.vendor != "postgresql":
        return
    with transaction.atomic():
        call_command("demo_seed", "--scale", "0.05", stdout=io.StringIO())
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'attendance_day' AND relpages > 0")
        assert cursor.fetchone() == (0,)
        cursor.execute("SET LOCAL statement_timeout = '10s'")
