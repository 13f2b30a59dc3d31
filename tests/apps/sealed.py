"""A small sealed month for tests: the month of `tests.apps.months`, evaluated and sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from backend.apps.seals.domain.checking import Checked, Trusted, check_package
from backend.apps.seals.domain.package import Package
from backend.apps.seals.models import Seal
from backend.apps.seals.selectors.keys import ed25519_verify, trusted_keys
from backend.apps.seals.services.sealing import seal_month
from backend.apps.subsidy.models import Snapshot
from backend.apps.subsidy.selectors import cycle_content_hash
from backend.apps.subsidy.services import cycle_evaluate
from backend.common.guards import install_guards, remove_guards
from tests.apps.months import Month, approve_all, make_alert, make_month, settle


@dataclass
class Sealed:
    month: Month
    snapshot: Snapshot
    seal: Seal


def make_sealed() -> Sealed:
    """One alert settled, three statements approved: 1,225.00 yuan in six lines."""
    month = make_month()
    settle(make_alert(month.cast.jasmine), month.cast.county_two)
    approve_all(month)
    cycle_evaluate(
        cycle=month.cycle,
        actor=month.cast.evaluator,
        comment="同意",
        content_hash=cycle_content_hash(month.cycle),
    )
    snapshot = Snapshot.objects.get()
    return Sealed(month, snapshot, seal_month(snapshot=snapshot))


def checked(package: Package, **brought: Any) -> Checked:
    return check_package(package, Trusted(keys=trusted_keys(), **brought), ed25519_verify)


def tamper(sql: str, *params: Any) -> None:
    """As a superuser would: lift the guards, change, put them back."""
    connection.check_constraints()  # PostgreSQL alters no table with deferred checks pending
    remove_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
    connection.check_constraints()
    install_guards(connection)
