"""Every pair of the table tried for real: one person performs the first duty, and is refused the second.

Three forms of the one rule must agree: the refusal of one person, the list of tasks, the list of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from viewflow.workflow.models import Task

from backend.apps.accounts.models import User
from backend.apps.alerts.models import AlertOverride
from backend.apps.attendance.models import AttendanceCorrection, FeedSettlement
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, PayeeDecision, Scheme, SchemeEvent
from tests.apps.months import make_alert, settle
from tests.factories import make_user
from tests.workflows.world import World
from workflows.duties import (
    INCOMPATIBLE,
    Duty,
    Within,
    beside_ever,
    duty_conflict,
    nobody_in_conflict,
    without_conflict,
)
from workflows.flows import HUMAN_NODES
from workflows.history import Subject
from workflows.models import ProcessEvent
from workflows.performed import BESIDE_THE_FLOW, Place

PAIRS = [
    (first, second, pair.within)
    for pair in INCOMPATIBLE
    for first, second in ((pair.one, pair.other), (pair.other, pair.one))
]


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def act(
    world: World, duty: Duty, person: User, institution: Institution, principal: User | None = None
) -> None:
    """The rows this duty leaves when `person` performs it at `institution`."""
    statement, now = world.statement(institution), timezone.now()
    cycle = statement.cycle
    if duty not in BESIDE_THE_FLOW:
        ProcessEvent.objects.create(
            at=now,
            kind=ProcessEvent.Kind.DECIDED,
            process_id=statement.run.process_id,
            cycle_id=cycle.pk,
            statement_id=None if duty in (Duty.SET_DAYS, Duty.EVALUATE) else statement.pk,
            actor_id=person.pk,
            actor_name=person.display_name,
            principal_id=None if principal is None else principal.pk,
            duty=duty.value,
        )
    elif duty in (Duty.PROPOSE_CORRECTION, Duty.CHECK_CORRECTION):
        checking = duty is Duty.CHECK_CORRECTION
        AttendanceCorrection.objects.create(
            child=statement.lines.order_by("id")[0].child,
            institution=institution,
            date=date(2026, 10, 31),
            kind="present",
            reason="闸机故障",
            maker=make_user("institution_operator") if checking else person,
            checker=person if checking else None,
            checked_at=now if checking else None,
            made_at=now,
        )
    elif duty is Duty.SETTLE_ALERT:
        settle(make_alert(world.cast.nowhere, touched=(institution,)), person)
    elif duty is Duty.OVERRIDE_ALERT:
        alert = make_alert(world.cast.nowhere, subject="2026-10-13", touched=(institution,))
        AlertOverride.objects.create(
            alert=alert,
            reason="下月补交材料",
            evidence_hash="1",
            by=person,
            by_name=person.display_name,
            at=now,
        )
    elif duty is Duty.SETTLE_FEED:
        FeedSettlement.objects.create(
            institution=institution,
            date=date(2026, 10, 31),
            choice="closed",
            reason="停电",
            state="silent",
            cause="unknown",
            by=person,
            by_name=person.display_name,
            at=now,
        )
    elif duty is Duty.DECIDE_PAYEE:
        line = EntitlementLine.objects.filter(statement=statement).order_by("id")[0]
        PayeeDecision.objects.create(
            cycle=cycle,
            child=line.child,
            institution=institution,
            reason="家长书面说明",
            by=person,
            by_name=person.display_name,
            at=now,
        )
    elif duty is Duty.DRAFT_SCHEME:
        SchemeEvent.objects.create(
            scheme=cycle.scheme,
            kind="edited",
            digest="0" * 64,
            by=person,
            by_name=person.display_name,
            at=now,
        )
    elif duty is Duty.RELEASE_SCHEME:
        scheme = Scheme.objects.create(
            county=cycle.county,
            code="other",
            version=1,
            name="另一方案",
            document_number="测卫〔2026〕2号",
            starts_on=date(2026, 1, 1),
            definition=cycle.scheme.definition,
            state="released",
            released_by=person,
        )
        for event in SchemeEvent.objects.filter(
            scheme=cycle.scheme
        ):  # whoever drafted this one drafted that one
            SchemeEvent.objects.create(
                scheme=scheme,
                kind=event.kind,
                digest=event.digest,
                by=event.by,
                by_name=event.by_name,
                at=now,
            )
        MonthlyCycle.objects.filter(pk=cycle.pk).update(scheme=scheme)
    elif duty is Duty.OPEN_CYCLE:
        MonthlyCycle.objects.filter(pk=cycle.pk).update(opened_by=person)


def subject(world: World, institution: Institution, duty: Duty) -> Subject:
    statement = world.statement(institution)
    return Subject(statement.cycle, None if duty in (Duty.SET_DAYS, Duty.EVALUATE) else statement)


def refused(world: World, person: User, duty: Duty, institution: Institution) -> bool:
    """By one person's refusal; the lists of people and of tasks must say the same."""
    about = subject(world, institution, duty)
    sentence = duty_conflict(actor=person, duty=duty, subject=about)
    people = User.objects.filter(nobody_in_conflict(duty, Place.of(about), column="pk"))
    assert people.filter(pk=person.pk).exists() == (sentence is None)
    node = next((node for node in HUMAN_NODES if node.duty is duty), None)
    if node is not None and about.statement is not None:
        tasks = Task.objects.filter(without_conflict(actor=person, duty=duty, ever=beside_ever(person)))
        assert tasks.filter(place__statement=about.statement).exists() == (sentence is None)
    return sentence is not None


@pytest.fixture
def person(reviewing: World) -> User:
    return make_user("county_reviewer", username="somebody", display_name="某人")


def test_every_pair_in_both_orders(reviewing: World, person: User) -> None:
    jasmine, bamboo = reviewing.cast.jasmine, reviewing.cast.bamboo
    wrong = []
    for first, second, within in PAIRS:
        with undone():
            assert not refused(reviewing, person, second, jasmine)
            act(reviewing, first, person, jasmine)
            found = (
                refused(reviewing, person, second, jasmine),
                refused(reviewing, person, second, bamboo),
                refused(reviewing, reviewing.cast.leader, second, jasmine),
            )
        # A conflict on one statement cannot stand where the second duty is about a month; none of ours does.
        if found != (True, within is Within.CYCLE, False):
            wrong.append((first.value, second.value, found))
    assert wrong == []


def test_who_acts_for_somebody_holds_both_their_duties(reviewing: World, person: User) -> None:
    """委托: what was done for somebody is theirs too, before and after."""
    jasmine, principal = reviewing.cast.jasmine, reviewing.cast.leader
    act(reviewing, Duty.REVIEW_TOWNSHIP, person, jasmine, principal)
    about = subject(reviewing, jasmine, Duty.REVIEW_COUNTY)

    def county_review(actor: User, for_whom: User | None = None, **extra: Any) -> str | None:
        return duty_conflict(actor=actor, duty=Duty.REVIEW_COUNTY, subject=about, principal=for_whom, **extra)

    stranger = reviewing.cast.county_two
    assert county_review(person) == "您已办理过本月该机构的初审, 不能再做县级审核"
    assert county_review(principal) == "您已办理过本月该机构的初审, 不能再做县级审核"
    assert county_review(stranger) is None
    assert county_review(stranger, principal) == (
        f"委托人 {principal.display_name} 已办理过本月该机构的初审, 不能再做县级审核"
    )
    assert (
        county_review(person, stranger, called="某人 ") == "某人 已办理过本月该机构的初审, 不能再做县级审核"
    )
    assert refused(reviewing, principal, Duty.EVALUATE, jasmine)


def test_another_month_or_county_does_not_count(reviewing: World, person: User) -> None:
    jasmine = reviewing.cast.jasmine
    act(reviewing, Duty.PROPOSE_CORRECTION, person, jasmine)
    assert refused(reviewing, person, Duty.REVIEW_TOWNSHIP, jasmine)
    AttendanceCorrection.objects.update(date=date(2026, 11, 1))
    assert not refused(reviewing, person, Duty.REVIEW_TOWNSHIP, jasmine)
    assert beside_ever(person) == {Duty.PROPOSE_CORRECTION}
    AttendanceCorrection.objects.update(date=date(2026, 9, 30))
    assert not refused(reviewing, person, Duty.EVALUATE, jasmine)
    AttendanceCorrection.objects.update(date=date(2026, 10, 1))
    assert refused(reviewing, person, Duty.EVALUATE, jasmine)
