"""With tables of another owner the application can seal a month and cannot lift a trigger; dump, restore and vacuum alarm nobody."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from backend.apps.seals.selectors.installation import SEALED_TABLES, defence_findings
from backend.apps.seals.services import installation_verify, seal_backup, seal_verify
from backend.apps.subsidy.models import SnapshotLine
from backend.common.guards import missing_guards
from tests.apps.sealed import make_sealed
from tests.support.celery_worker import database_url
from tools.server_binaries import find_postgres

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.only_on("postgresql", reason="SQLite has no roles, no VACUUM of rows and no dump of its own"),
]
SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "seal_owner.sql"
WORKER = os.environ.get(
    "PYTEST_XDIST_WORKER", "alone"
)  # roles belong to the server, which two processes share
OWNER, APP = f"zs_test_seal_{WORKER}", f"zs_test_app_{WORKER}"
REFUSED = r"permission denied|must be owner"


def sql(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)


@pytest.fixture
def roles() -> Iterator[None]:
    """The application as an ordinary role, the sealed tables given away by the script an operator runs."""
    me = connection.settings_dict["USER"]
    sql(f"CREATE ROLE {APP} NOLOGIN")
    sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP}")
    sql(f"GRANT USAGE ON SCHEMA public TO {APP}")
    run("psql", "-v", f"owner={OWNER}", "-v", f"app={APP}", "-f", str(SCRIPT))
    yield
    sql("RESET ROLE")
    for role in (APP, OWNER):
        sql(f"REASSIGN OWNED BY {role} TO {me}")
        sql(f"DROP OWNED BY {role}")
        sql(f"DROP ROLE {role}")


def run(program: str, *arguments: str) -> str:
    url = database_url().replace("postgres://", "postgresql://", 1)
    binary = Path(find_postgres()[0]) / program
    command = [str(binary) if binary.exists() else program, f"--dbname={url}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_application_seals_and_cannot_undo(roles: None, settings: Any) -> None:
    settings.SEAL_OWNER_ROLE = OWNER
    sql(f"SET ROLE {APP}")
    sealed = make_sealed()
    assert list(defence_findings()) == []
    for table in SEALED_TABLES:
        for attempt in (
            f"UPDATE {table} SET id = id",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"DROP TRIGGER {table}_ro ON {table}",
            f"ALTER TABLE {table} ADD COLUMN x integer",
        ):
            with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
                sql(attempt)
    for attempt in (
        "CREATE OR REPLACE FUNCTION zs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            sql(attempt)
    with connection.cursor() as cursor:  # the test's own session may take any role, so ask instead of trying
        cursor.execute(f"SELECT pg_has_role('{APP}', '{OWNER}', 'MEMBER')")
        assert cursor.fetchone() == (False,)
    seal_backup(seal_id=sealed.seal.pk)
    assert (seal_verify(sealed.seal).findings, missing_guards(connection)) == ((), [])


def test_a_wrong_owner_is_told(roles: None, settings: Any) -> None:
    settings.SEAL_OWNER_ROLE = OWNER
    me = connection.settings_dict["USER"]
    sql(f"ALTER TABLE subsidy_snap_line OWNER TO {APP}")
    sql(f"SET ROLE {APP}")
    assert [(f.table, f.old, f.new, f.message) for f in defence_findings()] == [
        ("subsidy_snap_line", OWNER, APP, "表的属主不是封存角色")
    ]
    sql("RESET ROLE")
    assert me != APP


def test_vacuum_and_analyze_change_nothing() -> None:
    sealed = make_sealed()
    seal_backup(seal_id=sealed.seal.pk)
    for command in ("VACUUM (FULL, FREEZE, ANALYZE)", "REINDEX TABLE", "CLUSTER"):
        for table in SEALED_TABLES:
            using = f" USING {table}_pkey" if command == "CLUSTER" else ""
            sql(f"{command} {table}{using}")
    assert (seal_verify(sealed.seal).findings, installation_verify()) == ((), [])


def other_locale() -> str:
    """Not the one of this database: Chinese by ICU where the server has it, else bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) > 0 FROM pg_collation WHERE collprovider = 'i'")
        (icu,) = cursor.fetchone()
        cursor.execute("SELECT datcollate FROM pg_database WHERE datname = current_database()")
        (own,) = cursor.fetchone()
    if icu:
        return "LOCALE_PROVIDER icu ICU_LOCALE 'zh-Hans-CN' LOCALE 'C'"
    return "LOCALE 'POSIX'" if own == "C" else "LOCALE 'C'"


def test_dump_and_restore_alarm_nobody(tmp_path: Path) -> None:
    """Into a database with another order of texts and another time zone, triggers included."""
    sealed = make_sealed()
    seal_backup(seal_id=sealed.seal.pk)
    before = list(SnapshotLine.objects.order_by("pk").values_list("pk", "digest"))
    dump = tmp_path / "all.dump"
    run("pg_dump", "--format=custom", "--no-owner", f"--file={dump}")
    name = connection.settings_dict["NAME"]
    copy = f"{name}_restored"
    sql(f"DROP DATABASE IF EXISTS {copy}")
    sql(f"CREATE DATABASE {copy} TEMPLATE template0 ENCODING 'UTF8' {other_locale()}")
    sql(f"ALTER DATABASE {copy} SET timezone TO 'America/New_York'")
    try:
        url = database_url().replace("postgres://", "postgresql://", 1).rsplit("/", 1)[0] + f"/{copy}"
        binary = Path(find_postgres()[0]) / "pg_restore"
        subprocess.run(
            [str(binary), f"--dbname={url}", "--no-owner", "--exit-on-error", str(dump)], check=True
        )
        connection.close()
        connection.settings_dict["NAME"] = copy
        assert missing_guards(connection) == []
        assert list(SnapshotLine.objects.order_by("pk").values_list("pk", "digest")) == before
        assert (seal_verify(sealed.seal).findings, installation_verify()) == ((), [])
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
        sql(f"DROP DATABASE IF EXISTS {copy}")
