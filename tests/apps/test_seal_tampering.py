"""What a superuser with the triggers lifted can do to a sealed month: each way is found, and named with both values."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from backend.apps.enrolment.models import Child
from backend.apps.seals.domain.note import Checkpoint, Signature, parse_note, signed_note
from backend.apps.seals.domain.package import read_package
from backend.apps.seals.domain.tree import leaf_hash, tree_root
from backend.apps.seals.models import LogEntry, Seal
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.keys import signers
from backend.apps.seals.services import installation_verify, seal_backup, seal_month, seal_verify
from backend.apps.seals.services.packaging import seal_package
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, SnapshotLine, Statement
from backend.common.crypto import encrypt
from backend.common.guards import install_guards
from tests.apps.sealed import Sealed, make_sealed, tamper

pytestmark = pytest.mark.django_db
PATH = "330683000000/2026/330683000000-2026-10.zip"
LINE, STATEMENT, SNAPSHOT = "subsidy_snap_line", "subsidy_snap_statement", "subsidy_snapshot"
ROW1, ROW2, ROW3 = (f"330683-202610-0000{number}" for number in (1, 2, 3))
Place = tuple[str, str, str, str, str]


@pytest.fixture
def sealed() -> Sealed:
    found = make_sealed()
    seal_backup(seal_id=found.seal.pk)
    return found


def package_file() -> Path:
    return Path(settings.SEAL_BACKUPS["directory"]["folder"]) / PATH


def places(findings: Any) -> list[Place]:
    return [(f.table, f.key, f.field, f.old, f.new) for f in findings]


def verified(_sealed: Sealed) -> tuple[Finding, ...]:
    return seal_verify(Seal.objects.get()).findings


def test_an_untouched_month_agrees(sealed: Sealed) -> None:
    report = seal_verify(sealed.seal)
    assert (report.findings, report.witness, report.unreachable) == ((), "directory", ())
    assert installation_verify() == []


# --- one row ---------------------------------------------------------------------------------------------
ROWS: list[tuple[str, str, list[Place]]] = [
    ("amount", "UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2", [(LINE, ROW2, "amount", "400.00", "401.00")]),
    (
        "name column and its keyed hash",
        "UPDATE subsidy_snap_line SET name_commitment = 'x' WHERE row_number = 2",
        [(LINE, ROW2, "name_commitment", "{hash}", "x")],
    ),
    ("attended days", "UPDATE subsidy_snap_line SET attended_days = 17 WHERE row_number = 2", [(LINE, ROW2, "attended_days", "16", "17")]),
    ("NULL instead of a rate", "UPDATE subsidy_snap_line SET rate_amount = NULL WHERE row_number = 2", [(LINE, ROW2, "rate_amount", "400.00", "null")]),
    ("text to empty", "UPDATE subsidy_snap_statement SET grade_name = '' WHERE row_number = 1", [(STATEMENT, "嵊州市茉莉托育中心", "grade_name", "一级", '""')]),
    (
        "empty to text",
        "UPDATE subsidy_snap_statement SET exclusion_reason = ' ' WHERE row_number = 1",
        [(STATEMENT, "嵊州市茉莉托育中心", "exclusion_reason", '""', '" "')],
    ),
    ("digest", "UPDATE subsidy_snap_line SET digest = 'x' WHERE row_number = 3", [(LINE, ROW3, "digest", "{hash}", "x")]),
    ("row code", "UPDATE subsidy_snap_line SET row_code = '330683-202610-00009' WHERE row_number = 3", [(LINE, ROW3, "row_code", ROW3, "330683-202610-00009")]),
    ("outcome", "UPDATE subsidy_snap_statement SET outcome = 'excluded' WHERE row_number = 2", [(STATEMENT, "嵊州市青竹幼儿园托育部", "outcome", "approved", "excluded")]),
    ("total", "UPDATE subsidy_snapshot SET total_amount = 9999", [(SNAPSHOT, "2026-10", "total_amount", "1225.00", "9999.00")]),
    (
        "row key",
        "UPDATE subsidy_snap_line SET statement_id = (SELECT MIN(id) FROM subsidy_snap_statement WHERE row_number = 2) WHERE row_number = 3",
        [(LINE, ROW3, "statement_id", "{id}", "{id}")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_one_column_of_one_row(sealed: Sealed, sql: str, expected: list[Place]) -> None:
    tamper(sql)
    found = [
        (t, k, f, old if len(old) < 64 and not (f.endswith("_id") and old.isdigit()) else "{hash}" if len(old) == 64 else "{id}",
         "{id}" if f.endswith("_id") else new)
        for t, k, f, old, new in places(verified(sealed))
    ]  # fmt: skip
    assert found == expected


@pytest.mark.only_on("sqlite", reason="PostgreSQL's numeric(10,2) keeps the scale by itself")
def test_a_decimal_that_only_looks_the_same_is_the_same(sealed: Sealed) -> None:
    """400 and 400.00 are one number to SQLite; the product reads both as 400.00, so nothing moved."""
    tamper("UPDATE subsidy_snap_line SET amount = 400.000 WHERE row_number = 2")
    assert verified(sealed) == ()


def test_a_part_of_a_derivation(sealed: Sealed) -> None:
    derivation = json.dumps({**json.loads(_column("derivation")), "d": "P" * 31})
    tamper("UPDATE subsidy_snap_line SET derivation = %s WHERE row_number = 2", derivation)
    ((table, key, field, _old, new),) = places(verified(sealed))
    assert (table, key, field, new) == (LINE, ROW2, "derivation.d", "P" * 31)


def test_a_number_turned_into_a_truth_value(sealed: Sealed) -> None:
    """Python takes True for 1."""
    derivation = json.dumps({**json.loads(_column("derivation")), "v": True})
    tamper("UPDATE subsidy_snap_line SET derivation = %s WHERE row_number = 2", derivation)
    assert places(verified(sealed)) == [(LINE, ROW2, "derivation.v", "1", "true")]


def _column(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT CAST({name} AS text) FROM subsidy_snap_line WHERE row_number = 2")
        return str(cursor.fetchone()[0])


# --- names -----------------------------------------------------------------------------------------------
def test_a_name_written_by_somebody_who_has_the_key(sealed: Sealed) -> None:
    row = SnapshotLine.objects.get(row_number=2)
    forged = encrypt("王大明", bound_to=f"subsidy_snap_line.child_name:{row.row_key}").stored
    tamper("UPDATE subsidy_snap_line SET child_name = %s WHERE row_number = 2", forged)
    assert places(verified(sealed)) == [(LINE, ROW2, "child_name", "欧***", "王**")]


def test_names_of_two_rows_swapped(sealed: Sealed) -> None:
    tamper(
        "UPDATE subsidy_snap_line SET child_name ="
        " (SELECT other.child_name FROM subsidy_snap_line other WHERE other.row_number = 1) WHERE row_number = 2"
    )
    assert places(verified(sealed)) == [(LINE, ROW2, "child_name", "欧***", "(不能解密)")]


def test_an_emptied_name(sealed: Sealed) -> None:
    tamper("UPDATE subsidy_snap_line SET child_name = '' WHERE row_number = 2")
    assert places(verified(sealed)) == [(LINE, ROW2, "child_name", "欧***", "(空)")]


# --- rows as a whole -------------------------------------------------------------------------------------
def test_two_rows_swapped(sealed: Sealed) -> None:
    tamper("UPDATE subsidy_snap_line SET row_number = 900001 WHERE row_number = 1")
    tamper("UPDATE subsidy_snap_line SET row_number = 1 WHERE row_number = 2")
    tamper("UPDATE subsidy_snap_line SET row_number = 2 WHERE row_number = 900001")
    assert sorted(places(verified(sealed))) == [
        (LINE, ROW1, "row_number", "1", "2"),
        (LINE, ROW2, "row_number", "2", "1"),
    ]


def test_a_deleted_row(sealed: Sealed) -> None:
    tamper("DELETE FROM subsidy_snap_line WHERE row_number = 2")
    assert places(verified(sealed)) == [(LINE, ROW2, "", "有", "(无)")]


def _copy_of_row_2(**changed: str) -> str:
    columns = [field.column for field in SnapshotLine._meta.concrete_fields if field.column != "id"]
    chosen = ", ".join(changed.get(column, column) for column in columns)
    return f"INSERT INTO subsidy_snap_line ({', '.join(columns)}) SELECT {chosen} FROM subsidy_snap_line WHERE row_number = 2"


def test_a_duplicated_row(sealed: Sealed) -> None:
    """No trigger refuses an INSERT, and none should: the month is written that way."""
    with connection.cursor() as cursor:
        cursor.execute(
            _copy_of_row_2(row_number="99", row_code="'330683-202610-00099'", row_key=f"'{'a' * 32}'")
        )
    assert places(verified(sealed)) == [(LINE, "330683-202610-00099", "", "(无)", "有")]


def test_a_whole_month_deleted(sealed: Sealed) -> None:
    for table in (
        "seal_erasure",
        "seal_private",
        "seal_tree",
        "seal_check",
        "seal_copy",
        "seal_month",
        LINE,
        STATEMENT,
        SNAPSHOT,
    ):
        tamper(f"DELETE FROM {table}")
    found = places(installation_verify())
    assert (SNAPSHOT, "2026-10", "", "有", "(无)") in found
    assert ("seal_month", "2026-10", "", f"directory:{PATH}", "(无)") in found


def test_header_and_evaluation(sealed: Sealed) -> None:
    header = json.loads(_header())
    header["decisions"][1]["by"] = "别人"
    header["duties"].pop()
    header["extra"] = 1
    tamper("UPDATE subsidy_snapshot SET header = %s", json.dumps(header))
    tamper("UPDATE subsidy_evaluation SET comment = '不同意'")
    found = places(verified(sealed))
    assert (SNAPSHOT, "2026-10", "header.decisions[1].by", "陈审核", "别人") in found
    assert (SNAPSHOT, "2026-10", "header.extra", "(无)", "有") in found
    assert (SNAPSHOT, "2026-10", "header.duties[7]", "有", "(无)") in found
    assert ("subsidy_evaluation", "2026-10", "comment", "同意", "不同意") in found
    assert len(found) == 4


def test_a_reason_that_is_only_committed_to(sealed: Sealed) -> None:
    header = json.loads(_header())
    header["alerts"][0]["reason"] = "另一个理由"
    tamper("UPDATE subsidy_snapshot SET header = %s", json.dumps(header))
    assert places(verified(sealed)) == [
        (SNAPSHOT, "2026-10", "header.alerts[0].reason", "当日停电, 已核实", "另一个理由")
    ]


def _header() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(header AS text) FROM subsidy_snapshot")
        return str(cursor.fetchone()[0])


# --- copy, log, checkpoint -------------------------------------------------------------------------------
def test_the_second_copy(sealed: Sealed) -> None:
    tamper(
        'UPDATE seal_tree SET documents = REPLACE(documents, \'"amount":"400.00"\', \'"amount":"401.00"\') WHERE number = 1'
    )
    assert places(verified(sealed)) == [("seal_tree", ROW2, "columns.amount", "400.00", "401.00")]


def test_row_and_copy_alike(sealed: Sealed) -> None:
    """Whoever changes both still meets the package."""
    tamper(
        'UPDATE seal_tree SET documents = REPLACE(documents, \'"amount":"400.00"\', \'"amount":"401.00"\') WHERE number = 1'
    )
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    assert [(f.table, f.old, f.new) for f in verified(sealed)] == [
        ("seal_tree", "400.00", "401.00"),
        (LINE, "400.00", "401.00"),
    ]


def test_without_a_package_the_copy_is_the_witness(sealed: Sealed) -> None:
    package_file().unlink()
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    report = seal_verify(sealed.seal)
    assert report.witness == "copy"
    assert places(report.findings) == [
        ("backup:directory", PATH, "", "有", "(无)"),
        (LINE, ROW2, "amount", "400.00", "401.00"),
    ]


def test_a_forged_root(sealed: Sealed) -> None:
    tamper("UPDATE seal_month SET root = %s", "0" * 64)
    found = places(verified(sealed))
    assert ("seal_month", "2026-10", "root", sealed.seal.root, "0" * 64) in found
    assert {table for table, *_ in found} == {"seal_month"}


def test_the_log(sealed: Sealed) -> None:
    tamper("UPDATE seal_log SET document = REPLACE(document, '1225.00', '1226.00') WHERE number = 1")
    key = "zhishan/330683000000/2026 1"
    assert places(verified(sealed)) == [("seal_log", key, "document.total_amount", "1225.00", "1226.00")]
    tamper("DELETE FROM seal_log WHERE number = 0")
    assert ("seal_log", "zhishan/330683000000/2026 0", "", "有", "(无)") in places(installation_verify())


def test_a_forged_month_signed_with_the_stolen_key(sealed: Sealed) -> None:
    """Everything in the database made to agree and signed anew: package, and the audit log, still know the first root."""
    forge_everything(sealed)
    found = places(verified(sealed))
    assert ("seal_month", "2026-10", "root", sealed.seal.root, Seal.objects.get().root) in found
    assert (LINE, ROW2, "amount", "400.00", "401.00") in found


def test_a_forged_package_put_in_place_as_well(sealed: Sealed) -> None:
    """The last inside witness is the audit log; outside are the short codes in messages and on paper."""
    forge_everything(sealed)
    forged = Seal.objects.get()
    package_file().write_bytes(seal_package(forged).archive())
    found = places(verified(sealed))
    assert found == [
        ("seal_month", "2026-10", "code", sealed.seal.code, forged.code),
        ("seal_month", "2026-10", "root", sealed.seal.root, forged.root),
    ]


def forge_everything(sealed: Sealed) -> None:
    """Change a row, then delete the seal and let the product make a new one."""
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    tamper("UPDATE subsidy_snap_statement SET total_amount = 751 WHERE row_number = 1")
    tamper("UPDATE subsidy_snapshot SET total_amount = 1226")
    for table in ("seal_private", "seal_tree", "seal_check", "seal_copy", "seal_month", "seal_log"):
        tamper(f"DELETE FROM {table}")
    seal_month(snapshot=sealed.snapshot)


def test_a_forked_log(sealed: Sealed) -> None:
    """A second history of the year, properly signed, in the database: the package's log is not its beginning."""
    entry = LogEntry.objects.get(number=1)
    document = json.loads(entry.document)
    document["total_amount"] = "1300.00"
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    year = bytes.fromhex(LogEntry.objects.get(number=0).hash)
    digest = leaf_hash(text.encode())
    body, _ = parse_note(sealed.seal.checkpoint)
    old = Checkpoint.parse(body)
    forged = Checkpoint(old.origin, old.size, tree_root([year, digest]), old.lines).body()
    note = signed_note(forged, [Signature(s.key.name, s.key.id, s.sign(forged.encode())) for s in signers()])
    tamper("UPDATE seal_log SET document = %s, hash = %s WHERE number = 1", text, digest.hex())
    tamper("UPDATE seal_month SET checkpoint = %s", note)
    assert {(t, f) for t, _k, f, _o, _n in places(verified(sealed))} == {
        ("seal_month", "checkpoint"),
        ("seal_log", "document.total_amount"),
        ("seal_log", "hash"),
    }


# --- package files ---------------------------------------------------------------------------------------
SPOILS: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda data: data[:-1], "文件不完整或被改动"),
    (lambda data: b"", "文件不完整或被改动"),
    (lambda data: data.replace(b"1225.00", b"1226.00"), "文件不完整或被改动"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILS)
def test_a_damaged_package(sealed: Sealed, spoil: Callable[[bytes], bytes], message: str) -> None:
    package_file().write_bytes(spoil(package_file().read_bytes()))
    report = seal_verify(sealed.seal)
    assert report.witness == "copy"
    assert [(f.table, f.message) for f in report.findings] == [("backup:directory", message)]


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_suffix(".gone"))


def _own_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("put", "message"),
    [
        (_folder, "该位置不是文件"),
        (_broken_link, "该位置是指向别处的链接"),
        (_own_link, "该位置不是文件"),
        (Path.unlink, "备份位置没有该月的封存包"),
    ],
)
def test_what_is_no_package_at_all(sealed: Sealed, put: Callable[[Path], None], message: str) -> None:
    put(package_file())
    assert [(f.table, f.key, f.old, f.new, f.message) for f in verified(sealed)] == [
        ("backup:directory", PATH, "有", "(无)", message)
    ]


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("cover", {"entry": -1}),
    ("cover", {"entry": True}),
    ("cover", {"keys": [["x"]]}),
    ("cover", {"month": 5}),
    ("text", {"checkpoint": "x"}),
    ("text", {"log": "[]\n[]\n"}),
    ("text", {"private": "[]\n"}),
    ("text", {"private": '{"bound_to":"x","ciphertext":5,"tree":"z"}\n'}),
]


@pytest.mark.parametrize(("where", "values"), HOSTILE, ids=[str(values) for _where, values in HOSTILE])
def test_a_package_made_to_break_the_verification(sealed: Sealed, where: str, values: dict[str, Any]) -> None:
    package = read_package(package_file().read_bytes())
    forged = (
        replace(package, cover={**package.cover, **values})
        if where == "cover"
        else replace(package, **values)
    )
    package_file().write_bytes(forged.archive())
    tables = {f.table for f in verified(sealed)}
    assert tables & {"backup:directory", "directory:private"}


def test_a_package_with_a_forged_signature(sealed: Sealed) -> None:
    package = read_package(package_file().read_bytes())
    body, signatures = parse_note(package.checkpoint)
    wrong = [replace(s, value=bytes(64)) for s in signatures]
    package_file().write_bytes(replace(package, checkpoint=signed_note(body, wrong)).archive())
    assert [(f.table, f.message) for f in verified(sealed)] == [("backup:directory", "签名无效")]


def test_salts_and_names_of_the_package(sealed: Sealed) -> None:
    package = read_package(package_file().read_bytes())
    first, *rest = package.private.splitlines()
    line = json.loads(first)
    version, key, text = line["ciphertext"].split(".")
    raw = bytearray(base64.urlsafe_b64decode(text))
    raw[-1] ^= 1
    line["ciphertext"] = f"{version}.{key}.{base64.urlsafe_b64encode(bytes(raw)).decode()}"
    forged = json.dumps(line, sort_keys=True, separators=(",", ":"))
    package_file().write_bytes(replace(package, private="\n".join([forged, *rest]) + "\n").archive())
    assert [(f.table, f.key, f.message) for f in verified(sealed)] == [
        ("seal_private", "第 1 棵树", "与封存包不符"),
        ("directory:private", "第 1 棵树", "密文不能解开"),
    ]


def test_an_old_backup_restored(sealed: Sealed) -> None:
    """The database as it was before the evaluation, the backup location as it is now."""
    for table in (
        "seal_private",
        "seal_tree",
        "seal_check",
        "seal_copy",
        "seal_month",
        "seal_log",
        LINE,
        STATEMENT,
        SNAPSHOT,
        "subsidy_evaluation",
        "audit_event",
    ):
        tamper(f"DELETE FROM {table}")
    assert places(installation_verify()) == [("seal_month", "2026-10", "", f"directory:{PATH}", "(无)")]


# --- defence ---------------------------------------------------------------------------------------------
def test_a_dropped_trigger(sealed: Sealed) -> None:
    with connection.cursor() as cursor:
        suffix = "_ro ON subsidy_snap_line" if connection.vendor == "postgresql" else "_u"
        connection.check_constraints()
        cursor.execute(f"DROP TRIGGER subsidy_snap_line{suffix}")
    found = installation_verify()
    install_guards(connection)
    name = "subsidy_snap_line_ro" if connection.vendor == "postgresql" else "subsidy_snap_line_u"
    assert [(f.table, f.key, f.message) for f in found] == [(LINE, "触发器", f"触发器 {name} 不存在")]


def test_a_sealed_month_opened_again(sealed: Sealed) -> None:
    """No sealed row is touched, but the month would take decisions and corrections again."""
    MonthlyCycle.objects.update(evaluated_at=None)
    (found,) = installation_verify()
    assert (found.table, found.key, found.field, found.new) == (
        "subsidy_cycle",
        "2026-10",
        "evaluated_at",
        "",
    )
    assert found.old.startswith("2026-1")


# --- no false alarm --------------------------------------------------------------------------------------
def test_a_month_of_legal_work_raises_nothing(sealed: Sealed) -> None:
    EntitlementLine.objects.update(amount=1, attended_days=1, derivation={})
    Statement.objects.update(total_amount=1, exclusion_reason="改")
    MonthlyCycle.objects.update(warned_at=None)
    for child in Child.objects.all():
        child.name = "改名"
        child.save()
    seal_backup(seal_id=sealed.seal.pk)
    assert (verified(sealed), installation_verify()) == ((), [])
