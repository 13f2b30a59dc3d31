"""audit_record and who may read what it wrote."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from backend.apps.audit.models import AuditEvent
from backend.apps.audit.selectors import audit_events
from backend.apps.audit.services import audit_record
from backend.common.service_month import ServiceMonth
from tests.factories import Cast, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Cast:
    return cast()


def test_what_is_recorded(company: Cast) -> None:
    event = audit_record(
        actor=company.county_one,
        action="subsidy.cycle.opened",
        target=company.jasmine,
        county=company.county,
        detail={
            "month": ServiceMonth(2026, 10),
            "amount": Decimal("12.30"),
            "ids": {3, 1, 2},
            "on": date(2026, 10, 1),
            "at": datetime(2026, 10, 31, 16, 0, tzinfo=UTC),
            "deep": [{"n": None, "b": True}],
        },
    )
    row = AuditEvent.objects.get(pk=event.pk)
    assert (row.actor_id, row.actor_name, row.action) == (
        company.county_one.pk,
        "陈审核",
        "subsidy.cycle.opened",
    )
    assert (row.target_type, row.target_id) == ("institutions.institution", str(company.jasmine.pk))
    assert (row.county_code, row.succeeded) == ("330683000000", True)
    assert row.detail == {
        "month": "2026-10",
        "amount": "12.30",
        "ids": [1, 2, 3],
        "on": "2026-10-01",
        "at": "2026-11-01T00:00:00+08:00",
        "deep": [{"n": None, "b": True}],
    }


def test_the_system_and_a_refused_attempt(company: Cast) -> None:
    event = audit_record(
        actor=None, action="x.y.z", target=company.jasmine, county="330683000000", succeeded=False
    )
    assert (event.actor_id, event.actor_name, event.county_code, event.succeeded, event.detail) == (
        None,
        "系统",
        "330683000000",
        False,
        {},
    )


@pytest.mark.parametrize("value", [1.5, b"x", object()])
def test_anything_without_a_plain_form_is_refused(company: Cast, value: Any) -> None:
    with pytest.raises(TypeError, match="审计明细不接受"):
        audit_record(actor=None, action="x", target=company.jasmine, detail={"a": [value]})
    assert AuditEvent.objects.count() == 0


def test_only_the_audit_administrator_reads(company: Cast) -> None:
    first = audit_record(actor=None, action="a", target=company.jasmine, county="330683000000")
    second = audit_record(actor=None, action="b", target=company.bamboo)
    assert list(audit_events(actor=company.audit_admin)) == [second, first]
    assert list(audit_events(actor=company.audit_admin, target=company.jasmine)) == [first]
    assert list(audit_events(actor=company.audit_admin, action="b")) == [second]
    assert list(audit_events(actor=company.audit_admin, county_code="330683000000")) == [first]
    for person in (company.system_admin, company.security_admin, company.county_one, company.leader):
        assert list(audit_events(actor=person)) == []
