"""A real superuser of PostgreSQL at work on a sealed month: every kind is named with table, key, field, old and new value.

One month is sealed for the module; each attack runs in a savepoint of it. `tests/apps/test_seal_tampering.py` has the kinds that
both databases know.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from backend.apps.seals.models import Seal
from backend.apps.seals.selectors.installation import SEALED_TABLES
from backend.apps.seals.services import installation_verify, seal_backup, seal_verify, seals_watch
from tests.apps.sealed import make_sealed

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.only_on(
        "postgresql", reason="SQLite has no superuser, no rules, no search path and no policies"
    ),
]
LINE, STATEMENT, SNAPSHOT, ADJUST = (
    *("subsidy_snap_line", "subsidy_snap_statement", "subsidy_snapshot"),
    "subsidy_snap_adjust",
)
EVALUATION, TABLES = "subsidy_evaluation", (*SEALED_TABLES, "audit_event")
ROW1, ROW2 = "330683-202610-00001", "330683-202610-00002"
JASMINE, MONTH, LOG = "嵊州市茉莉托育中心", "2026-10", "zhishan/330683000000/2026"
TREE = "第 1 棵树"
Place = tuple[str, str, str, str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("superuser")


@pytest.fixture(scope="module")
def sealed_once(django_db_setup: None, django_db_blocker: Any, folder: Path) -> Iterator[None]:
    backups = {"directory": {**configured.SEAL_BACKUPS["directory"], "folder": str(folder / "seals")}}
    with (
        django_db_blocker.unblock(),
        override_settings(SEAL_BACKUPS=backups, MEDIA_ROOT=folder),
        transaction.atomic(),
    ):
        seal_backup(seal_id=make_sealed().seal.pk)
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def month(sealed_once: None, db: None, folder: Path, settings: Any) -> None:
    """After the fixture that gives every test a folder of its own."""
    settings.SEAL_BACKUPS = {
        "directory": {**settings.SEAL_BACKUPS["directory"], "folder": str(folder / "seals")}
    }


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def as_superuser(*statements: str) -> None:
    """Every trigger off, those of foreign keys too, and back as they were: only a superuser may."""
    run(
        "SET CONSTRAINTS ALL IMMEDIATE",
        *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in TABLES),
        *statements,
        *(f"ALTER TABLE {table} ENABLE TRIGGER ALL" for table in TABLES),
        *(
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{kind}"
            for table in TABLES
            for kind in ("ro", "rt")
        ),
    )


def found() -> list[Place]:
    places = [*seal_verify(Seal.objects.get()).findings, *installation_verify()]
    return [(f.table, f.key, f.field, f.old, f.new) for f in places]


def named(places: list[Place], expected: list[Place]) -> None:
    """Each expected place is there, and nothing about a table that was left alone."""
    for wanted in expected:
        hits = [place for place in places if all(map(fnmatchcase, place, wanted))]
        assert hits, f"{wanted} not in {places[:8]}"
    assert {table for table, *_ in places} <= {table for table, *_ in expected}


def test_it_is_a_superuser_and_the_month_is_in_order() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (True,)
    as_superuser()
    assert found() == []


def test_replica_mode_lifts_nothing() -> None:
    """ENABLE ALWAYS: the switch of replication, which superusers like, is of no use."""
    run("SET CONSTRAINTS ALL IMMEDIATE", "SET session_replication_role = replica")
    for table in SEALED_TABLES:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            (rows,) = cursor.fetchone() or (0,)
        if rows:
            with pytest.raises(IntegrityError, match="refused"), transaction.atomic():
                run(f"UPDATE {table} SET id = id" if table != "seal_private" else f"DELETE FROM {table}")
    run("SET session_replication_role = origin")


def line(column: str, value: str, old: str, new: str, field: str = "") -> Any:
    """An attack on one column of row 2."""
    sql = f"UPDATE {LINE} SET {column} = {value} WHERE row_number = 2"
    return pytest.param([sql], [(LINE, ROW2, field or column, old, new)], id=f"{column} = {value}"[:60])


def attack(name: str, *sql: str, at: tuple[Place, ...]) -> Any:
    return pytest.param(list(sql), list(at), id=name)


COLUMNS = (
    "row_key, statement_id, row_number, row_code, child_id, child_code, child_name, name_commitment, class_type, care_mode,"
    " attended_days, required_days, not_captured_days, places, rate_amount, factor, amount, payments, reason_code, derivation, digest"
)
DOUBLED = COLUMNS.replace("row_key,", "gen_random_uuid(),").replace(
    "row_number, row_code", "99, '330683-202610-00099'"
)
ADJUSTMENT = (
    f"INSERT INTO {ADJUST} (row_key, statement_id, row_number, row_code, origin_month, origin_row_code, child_id, child_code, child_name,"
    " name_commitment, sealed_amount, adjusted_amount, current_amount, difference, amount, reason_code, payments, derivation, digest)"
    " SELECT gen_random_uuid(), statement_id, 1, '330683-202610-T0001', '2026-09', row_code, child_id, child_code, child_name,"
    f" name_commitment, amount, 0, amount, 0, 500, reason_code, payments, derivation, digest FROM {LINE} WHERE row_number = 2"
)
LINES = [
    line("amount", "401", "400.00", "401.00"),
    line("amount", "'NaN'", "400.00", "NaN"),
    line("rate_amount", "NULL", "400.00", "null"),
    line("reason_code", "'null'", "full", '"null"'),
    line("row_code", "row_code || ' '", ROW2, f'"{ROW2} "'),
    line("row_code", "U&'330683-202610-0000\\FF12'", ROW2, "330683-202610-0000２"),
    line("class_type", "class_type || U&'\\200b'", "*", "*\\u200b"),
    line("child_id", "child_id - 1", "*", "*"),
    line("child_name", "'x'", "欧***", "(不能解密)"),
    line("payments", "'null'", "{}", "null"),
    line("derivation", "jsonb_set(derivation, '{v}', '1.0')", "1", "1.0", "derivation.v"),
    line("derivation", "jsonb_set(derivation, '{v}', '1.5')", "1", "1.5", "derivation.v"),
    line("derivation", "jsonb_set(derivation, '{v}', '\"1\"')", "1", '"1"', "derivation.v"),
    line("derivation", "jsonb_set(derivation, '{v}', 'true')", "1", "true", "derivation.v"),
    line("derivation", "jsonb_set(derivation, '{v}', ('1' || repeat('0', 5000))::jsonb)", "{*", "*0000*"),
    line("derivation", "derivation || jsonb_build_object(U&'e\\0301', 1, U&'\\00e9', 2)", "(无)", "[12]", "derivation.*"),
    line("derivation", "(repeat('[', 3000) || repeat(']', 3000))::jsonb", "{*", "*"),
    line("derivation", "'[]'", "{*", "[[]]"),
]  # fmt: skip
WHOLE_ROWS = [
    attack("a row deleted", f"DELETE FROM {LINE} WHERE row_number = 2", at=((LINE, ROW2, "", "有", "(无)"),)),
    attack(
        "all rows truncated",
        f"TRUNCATE {LINE}",
        at=((LINE, ROW1, "", "有", "(无)"), (LINE, ROW2, "", "有", "(无)")),
    ),
    attack(
        "a row doubled",
        f"INSERT INTO {LINE} ({COLUMNS}) SELECT {DOUBLED} FROM {LINE} WHERE row_number = 2",
        at=((LINE, "330683-202610-00099", "", "(无)", "有"),),
    ),
    attack(
        "the key of a row renumbered",
        f"UPDATE {LINE} SET id = 999999 WHERE row_number = 2",
        at=((LINE, ROW2, "", "有", "(无)"), (LINE, ROW2, "", "(无)", "有")),
    ),
    attack(
        "two rows under each other's key",
        f"UPDATE {LINE} SET id = -id WHERE row_number IN (1, 2)",
        f"UPDATE {LINE} SET id = (SELECT -sum(o.id) FROM {LINE} o WHERE o.id < 0) + id WHERE row_number IN (1, 2)",
        at=((LINE, ROW1, "amount", "350.00", "400.00"), (LINE, ROW2, "amount", "400.00", "350.00")),
    ),
    attack("an adjustment slipped in", ADJUSTMENT, at=((ADJUST, "330683-202610-T0001", "", "(无)", "有"),)),
    attack(
        "a row of a child table that inherits",
        f"CREATE TABLE evil () INHERITS ({LINE})",
        f"INSERT INTO evil SELECT * FROM {LINE} WHERE row_number = 2",
        f"DELETE FROM ONLY {LINE} WHERE row_number = 2",
        at=((LINE, "触发器", "", "", ""),),
    ),
]
MONTHS = [
    attack("moment by a microsecond", f"UPDATE {SNAPSHOT} SET created_at = created_at + interval '1 microsecond'", at=((SNAPSHOT, MONTH, "created_at", "*", "*"),)),
    attack("moment by a time zone", f"UPDATE {SNAPSHOT} SET created_at = created_at - interval '8 hours'", at=((SNAPSHOT, MONTH, "created_at", "*", "*"),)),
    attack("moment no program reads", f"UPDATE {SNAPSHOT} SET created_at = 'infinity'", at=((SNAPSHOT, MONTH, "created_at", "2026-*", "infinity"),)),
    attack("month that is none", f"UPDATE {SNAPSHOT} SET month = '2026-99'", at=((SNAPSHOT, MONTH, "month", MONTH, "2026-99"),)),
    attack("total that is none", f"UPDATE {SNAPSHOT} SET total_amount = 'NaN'", at=((SNAPSHOT, MONTH, "total_amount", "1225.00", "NaN"),)),
    attack("institution of a statement", f"UPDATE {STATEMENT} SET institution_id = (SELECT max(institution_id) FROM {STATEMENT}) WHERE row_number = 1", at=((STATEMENT, JASMINE, "institution_id", "*", "*"),)),
    attack("header number", f"UPDATE {SNAPSHOT} SET header = '5'", at=((SNAPSHOT, MONTH, "header", "有", "5"),)),
    attack("header null of JSON", f"UPDATE {SNAPSHOT} SET header = 'null'", at=((SNAPSHOT, MONTH, "header", "有", "null"),)),
    attack("header fraction", f"UPDATE {SNAPSHOT} SET header = jsonb_set(header, '{{decisions,0,by}}', '1.5')", at=((SNAPSHOT, MONTH, "header.decisions[[]0].by", "王三江", "1.5"),)),
    attack("header part gone", f"UPDATE {SNAPSHOT} SET header = header - 'evaluation'", at=((SNAPSHOT, MONTH, "header.evaluation", "有", "(无)"),)),
    attack("grade or place in force", f"UPDATE {SNAPSHOT} SET header = jsonb_set(header, '{{scheme,rates,0,amount}}', '\"999.00\"')", at=((SNAPSHOT, MONTH, "header.scheme.rates*", "*", "*"),)),
    attack("evaluated by somebody else", f"UPDATE {EVALUATION} SET by_id = (SELECT min(id) FROM accounts_user)", at=((EVALUATION, MONTH, "by_id", "*", "*"),)),
    attack("a principal added", f"UPDATE {EVALUATION} SET principal_name = '王五'", at=((EVALUATION, MONTH, "principal", "(无)", "王五"),)),
    attack("evaluated at no time", f"UPDATE {EVALUATION} SET at = 'infinity'", at=((EVALUATION, MONTH, "at", "*", "infinity"),)),
]  # fmt: skip
COPIES = [
    attack("spelling of a document: a blank", "UPDATE seal_tree SET documents = replace(documents, '\"kind\":\"line\"', '\"kind\": \"line\"') WHERE number = 1", at=(("seal_tree", ROW1, "", "*", "*"),)),
    attack("spelling of a document: a key twice", "UPDATE seal_tree SET documents = replace(documents, '\"kind\":\"line\"', '\"kind\":\"line\",\"kind\":\"line\"') WHERE number = 1", at=(("seal_tree", ROW2, "", "*", "*"),)),
    attack("spelling of a document: an escape", "UPDATE seal_tree SET documents = replace(documents, '茉', '\\u8309') WHERE number = 1", at=(("seal_tree", JASMINE, "", "*茉*", "*u8309*"),)),
    attack("a document no parser ends", "UPDATE seal_tree SET documents = repeat('[', 100000) || E'\\n' WHERE number = 1", at=(("seal_tree", JASMINE, "", "{*", "*"),)),
    attack("half a surrogate pair", "UPDATE seal_tree SET documents = '{\"a\":\"\\ud800\"}' || E'\\n' WHERE number = 1", at=(("seal_tree", JASMINE, "a", "(无)", "*ud800*"),)),
    attack("institution of a tree", "UPDATE seal_tree SET institution_id = 5 WHERE number = 1", at=(("seal_tree", TREE, "institution_id", "*", "5"),)),
    attack("a tree added", "INSERT INTO seal_tree (seal_id, number, institution_id, leaves, root, documents, checks) SELECT seal_id, 9, institution_id, leaves, root, documents, checks FROM seal_tree WHERE number = 1", at=(("seal_tree", "第 9 棵树", "", "(无)", "有"),)),
    attack("short code", "UPDATE seal_month SET code = 'AAAA-AAAA-AAAA-AAAA'", at=(("seal_month", MONTH, "code", "????-????-????-????", "AAAA-AAAA-AAAA-AAAA"),)),
    attack("moment of the seal", "UPDATE seal_month SET created_at = created_at - interval '1 day'", at=(("seal_month", MONTH, "created_at", "*", "*"),)),
    attack("keys that are none", "UPDATE seal_month SET keys = '[1.5]'", at=(("seal_month", MONTH, "keys", "[[]*", "[[]1.5]"),)),
    attack("checkpoint", "UPDATE seal_month SET checkpoint = ''", at=(("seal_month", MONTH, "checkpoint", '"zhishan/*', '""'),)),
    attack("place of the package", "UPDATE seal_month SET origin = 'zhishan/../../etc'", at=(("backup:directory", "../../etc/*", "", "有", "(无)"), ("seal_tree", "", "origin", "", ""), ("seal_month", f"{LOG} 1", "", "有", "(无)"))),
    attack("a leaf put behind the log", "INSERT INTO seal_log (origin, number, kind, document, hash, created_at) SELECT origin, 2, kind, document, hash, created_at FROM seal_log WHERE number = 1", at=(("seal_month", f"{LOG} 2", "", "有", "(无)"),)),
    attack("spelling of a leaf", "UPDATE seal_log SET document = '{ ' || substr(document, 2) WHERE number = 1", at=(("seal_log", f"{LOG} 1", "document", "{*", "{*"),)),
    attack("hash of a leaf", "UPDATE seal_log SET hash = repeat('0', 64) WHERE number = 1", at=(("seal_log", f"{LOG} 1", "hash", "*", "0000*"),)),
    attack("openings emptied without a record", "UPDATE seal_private SET ciphertext = '' WHERE number = 1", at=(("seal_private", TREE, "ciphertext", "(密文)", "(无)"),)),
    attack("openings of a tree that is none", "INSERT INTO seal_private (seal_id, number, ciphertext) SELECT seal_id, 77, ciphertext FROM seal_private WHERE number = 1", at=(("seal_private", "第 77 棵树", "", "(无)", "有"),)),
    attack("audit of the seal rewritten", "UPDATE audit_event SET detail = detail || '{\"root\": \"x\"}' WHERE action = 'seals.month.sealed'", at=(("seal_month", MONTH, "root", "x", "*"),)),
    attack("audit of the seal deleted", "DELETE FROM audit_event WHERE action = 'seals.month.sealed'", at=(("audit_event", f"封存 {MONTH}", "", "有", "(无)"),)),
    attack("audit of the seal emptied", "UPDATE audit_event SET detail = '[]' WHERE action = 'seals.month.sealed'", at=(("audit_event", f"封存 {MONTH}", "", "有", "(无)"), ("seal_month", "", "", "有", "(无)"))),
    attack("row, copy, totals and leaf alike", f"UPDATE {LINE} SET amount = 401 WHERE row_number = 2", "UPDATE seal_tree SET documents = replace(documents, '\"amount\":\"400.00\"', '\"amount\":\"401.00\"') WHERE number = 1", "UPDATE seal_month SET root = repeat('1', 64)", "UPDATE seal_log SET document = replace(document, '1225.00', '1226.00') WHERE number = 1", at=((LINE, ROW2, "amount", "400.00", "401.00"), ("seal_tree", ROW2, "columns.amount", "400.00", "401.00"), ("seal_month", MONTH, "root", "*", "1111*"), ("seal_log", f"{LOG} 1", "document.total_amount", "1225.00", "1226.00"))),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), [*LINES, *WHOLE_ROWS, *MONTHS, *COPIES])
def test_rows(sql: list[str], expected: list[Place]) -> None:
    as_superuser(*sql)
    named(found(), expected)


# --- the catalogue: tables, columns, triggers, functions ----------------------------------------------------
def fault(name: str, *sql: str, says: str, table: str = LINE) -> Any:
    return pytest.param(list(sql), table, says, id=name)


def column(name: str, sql: str, old: str, new: str, table: str = LINE) -> Any:
    return pytest.param([f"ALTER TABLE {table} {sql}"], table, (name, old, new), id=sql)


FUNCTION = (
    "CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.amount := 0; RETURN NEW; END $$"
)
AWAY = f"ALTER TABLE {LINE} RENAME TO hidden_lines"
CATALOGUE = [
    fault("rows hidden by a policy", f"ALTER TABLE {LINE} ENABLE ROW LEVEL SECURITY", f"CREATE POLICY p ON {LINE} USING (row_number <> 2)", says="表被换成视图, 或加了规则或行级策略"),
    fault("a rule instead of the change", f"CREATE RULE r AS ON UPDATE TO {LINE} DO INSTEAD NOTHING", says="表被换成视图, 或加了规则或行级策略"),
    fault("a view in place of the table", AWAY, f"CREATE VIEW {LINE} AS SELECT * FROM hidden_lines", says="表被换成视图, 或加了规则或行级策略"),
    fault("a copy in place of the table", AWAY, f"CREATE TABLE {LINE} AS TABLE hidden_lines", says=f"触发器 {LINE}_ro 不存在"),
    fault("the table renamed away", AWAY, says="表不存在: 被删除或改名"),
    fault("the copy renamed away", "ALTER TABLE seal_tree RENAME TO hidden", table="seal_tree", says="表不存在: 被删除或改名"),
    fault("the seals renamed away", "ALTER TABLE seal_month RENAME TO hidden", table="seal_month", says="表不存在: 被删除或改名"),
    fault("the evaluation renamed away", f"ALTER TABLE {EVALUATION} RENAME TO hidden", table=EVALUATION, says="表不存在: 被删除或改名"),
    fault("a child table", f"CREATE TABLE evil () INHERITS ({LINE})", says="表有继承的子表或上级表"),
    fault("a table of a schema that comes first", "CREATE SCHEMA evil", f"CREATE TABLE evil.{LINE} AS TABLE {LINE}", "SET LOCAL search_path = evil, public", says="搜索路径中有同名的表或视图"),
    fault("a temporary table that comes first", f"CREATE TEMP TABLE {LINE} AS SELECT * FROM public.{LINE}", says="搜索路径中有同名的表或视图"),
    fault("a table that does not survive a crash", "ALTER TABLE seal_erasure SET UNLOGGED", table="seal_erasure", says="表是临时表或不记日志 (UNLOGGED)"),
    fault("a trigger renamed", f"ALTER TRIGGER {LINE}_ro ON {LINE} RENAME TO harmless", says=f"触发器 {LINE}_ro 不存在"),
    fault("a trigger that never fires", f"CREATE OR REPLACE TRIGGER {LINE}_ro BEFORE UPDATE OR DELETE ON {LINE} FOR EACH ROW WHEN (false) EXECUTE FUNCTION zs_refuse_change()", f"ALTER TABLE {LINE} ENABLE ALWAYS TRIGGER {LINE}_ro", says=f"触发器 {LINE}_ro 定义被改动"),
    fault("a trigger that fires on insert only", f"CREATE OR REPLACE TRIGGER {LINE}_ro BEFORE INSERT ON {LINE} FOR EACH ROW EXECUTE FUNCTION zs_refuse_change()", f"ALTER TABLE {LINE} ENABLE ALWAYS TRIGGER {LINE}_ro", says=f"触发器 {LINE}_ro 定义被改动"),
    fault("a trigger switched off in the catalogue", f"UPDATE pg_trigger SET tgenabled = 'R' WHERE tgname = '{LINE}_ro'", says=f"触发器 {LINE}_ro 被停用"),
    fault("a trigger that forges what comes in", FUNCTION, f"CREATE TRIGGER aaa BEFORE INSERT ON {LINE} FOR EACH ROW EXECUTE FUNCTION evil()", says="多出触发器 aaa"),
    fault("a function that lets pass", "CREATE OR REPLACE FUNCTION zs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$", says=f"触发器 {LINE}_ro 的函数被替换"),
    fault("a function of another schema", "CREATE SCHEMA evil", "CREATE FUNCTION evil.zs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$", f"CREATE OR REPLACE TRIGGER {LINE}_ro BEFORE UPDATE OR DELETE ON {LINE} FOR EACH ROW EXECUTE FUNCTION evil.zs_refuse_change()", f"ALTER TABLE {LINE} ENABLE ALWAYS TRIGGER {LINE}_ro", says=f"触发器 {LINE}_ro 的函数被替换"),
    fault("a function that reads another table", "ALTER FUNCTION seal_private_frozen() SET search_path = evil", table="seal_private", says="触发器 seal_private_ro 的函数设置被改动"),
    fault("a function that runs as its owner", "ALTER FUNCTION zs_refuse_change() SECURITY DEFINER", says=f"触发器 {LINE}_ro 的函数设置被改动"),
    column("amount", "ALTER amount TYPE text", "numeric(10,2) not null", "text not null"),
    column("amount", "ALTER amount TYPE numeric(20,4)", "numeric(10,2) not null", "numeric(20,4) not null"),
    column("amount", "ALTER amount TYPE double precision", "numeric(10,2) not null", "double precision not null"),
    column("amount", "ALTER amount SET DEFAULT 9", "numeric(10,2) not null", "numeric(10,2) not null default 9"),
    column("amount", "ALTER amount DROP NOT NULL", "numeric(10,2) not null", "numeric(10,2)"),
    column("derivation", "ALTER derivation TYPE text", "jsonb not null", "text not null"),
    column("factor", "DROP COLUMN factor", "numeric(*", "(无)"),
    column("factor", "RENAME COLUMN factor TO other", "numeric(*", "(无)"),
    column("note", "ADD COLUMN note text", "(无)", "text"),
    column("grade_name", 'ALTER grade_name TYPE varchar(64) COLLATE "C"', "character varying(32) not null", "character varying(64) not null collate", STATEMENT),
    column("created_at", "ALTER created_at TYPE timestamp", "timestamp with time zone not null", "timestamp without time zone not null", SNAPSHOT),
    column("唯一约束", "DROP CONSTRAINT seal_month_key", "*", "*", "seal_month"),
    column("主键", f"DROP CONSTRAINT {LINE}_pkey", "1", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "table", "says"), CATALOGUE)
def test_catalogue(sql: list[str], table: str, says: str | tuple[str, str, str]) -> None:
    """No reading ends in an error, whatever the tables have become; the watch tells it at once."""
    run("SET CONSTRAINTS ALL IMMEDIATE", *sql)
    findings = installation_verify()
    if isinstance(says, str):
        assert says in [f.message for f in findings if f.table == table]
    else:
        places = [(f.field, f.old, f.new) for f in findings if f.table == table]
        assert any(all(map(fnmatchcase, place, says)) for place in places), places
    assert seals_watch().opened >= 1
    run("SET LOCAL search_path = public")
