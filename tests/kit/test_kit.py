"""The test kit itself: a flush keeps seeded rows and guards, threads race, sockets stay closed."""

from __future__ import annotations

import socket

import pytest
from django.db import connection
from django.utils import timezone
from pytest_socket import SocketConnectBlockedError

from backend.apps.accounts.models import User
from backend.apps.audit.models import AuditEvent
from backend.apps.institutions.models import Region, RegionAlias
from backend.common.guards import guarded_tables, missing_guards
from tests.support.races import together
from tests.support.seeded import PREFIX

pytestmark = pytest.mark.django_db(transaction=True)


def seeded(model: type[Region] | type[RegionAlias]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {PREFIX}{model._meta.db_table}")
        return int(cursor.fetchone()[0])


# The two tests below are one story told twice: whichever runs second meets what the first left behind.
@pytest.mark.parametrize("turn", [1, 2])
def test_flush_restores_seeded_rows_and_guards(turn: int) -> None:
    assert AuditEvent.objects.count() == 0
    assert User.objects.count() == 0
    assert Region.objects.count() == seeded(Region) > 0
    assert RegionAlias.objects.count() == seeded(RegionAlias) > 0
    assert missing_guards(connection) == []
    assert "audit_event" in guarded_tables()
    User.objects.create(username=f"turn{turn}", display_name="测试")
    AuditEvent.objects.create(at=timezone.now(), action="test", actor_name="测试")
    RegionAlias.objects.all().delete()
    assert RegionAlias.objects.count() == 0


def test_threads_see_each_others_rows() -> None:
    User.objects.create(username="one", display_name="测试")
    assert together(User.objects.count, User.objects.count) == [1, 1]


def test_exceptions_of_threads_come_back() -> None:
    def fail() -> None:
        raise ValueError("so")

    first, second = together(fail, lambda: 2)
    assert isinstance(first, ValueError)
    assert second == 2


def test_sockets_leave_this_machine_for_nobody() -> None:
    with pytest.warns(UserWarning, match="192.0.2.1"), pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


@pytest.mark.only_on("sqlite", reason="its file must be shared by threads and lock for writing at once")
def test_sqlite_is_a_shared_file_in_wal_mode() -> None:
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
        cursor.execute("PRAGMA database_list")
        path = cursor.fetchone()[2]
    assert path.endswith(".sqlite3") or ".sqlite3_gw" in path
