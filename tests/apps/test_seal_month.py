"""seal_month: every column of every snapshot row is a document, the second copy is whole, the package is true to itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test import override_settings

from backend.apps.audit.models import AuditEvent
from backend.apps.seals.domain.commitment import commitment
from backend.apps.seals.domain.documents import read_document
from backend.apps.seals.domain.note import Checkpoint, parse_note, short_code
from backend.apps.seals.domain.package import read_package
from backend.apps.seals.models import LogEntry, Seal, SealErasure, SealPrivate, SealTree
from backend.apps.seals.selectors.installation import SEALED_TABLES
from backend.apps.seals.selectors.openings import openings_of
from backend.apps.seals.selectors.rows import STATEMENT_ROWS, header_parts, header_shape
from backend.apps.seals.services.packaging import institution_rows, line_proof, seal_package
from backend.apps.seals.services.sealing import seal_month
from backend.apps.subsidy.models import Evaluation, Snapshot, SnapshotLine, SnapshotStatement
from backend.common.errors import NotFound, Unavailable
from backend.common.guards import frozen_tables, guarded_tables, missing_guards
from backend.common.service_month import ServiceMonth
from tests.apps.sealed import Sealed, checked, make_sealed

pytestmark = pytest.mark.django_db
OWNER_SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "seal_owner.sql"
TABLES = ["seal_log", "seal_month", "seal_tree", "seal_private", "seal_erasure"]


@pytest.fixture
def sealed() -> Sealed:
    return make_sealed()


def documents(seal: Seal) -> list[list[dict[str, Any]]]:
    return [
        [read_document(line) for line in tree.documents.splitlines()]
        for tree in seal.trees.order_by("number")
    ]


def test_every_column_of_every_row_is_sealed(sealed: Sealed) -> None:
    month, *institutions = documents(sealed.seal)
    assert [tree[0]["key"] for tree in institutions] == [
        "嵊州市茉莉托育中心",
        "嵊州市青竹幼儿园托育部",
        "嵊州市云朵托育中心",
    ]
    for model, found in (
        (SnapshotLine, [d for tree in institutions for d in tree if d["kind"] == "line"]),
        (SnapshotStatement, [tree[0] for tree in institutions]),
        (Snapshot, [month[0]]),
    ):
        assert len(found) == model.objects.count()  # type: ignore[attr-defined]  # a plain model
        columns = {field.column for field in model._meta.concrete_fields} - {"header"}
        assert all(set(document["columns"]) == columns for document in found)
        assert {document["table"] for document in found} == {model._meta.db_table}
    line = institutions[0][2]
    row = SnapshotLine.objects.get(row_number=2)
    assert (line["key"], line["columns"]["amount"], line["columns"]["id"]) == (row.row_code, "400.00", row.pk)
    assert line["columns"]["derivation"] == row.derivation
    assert "欧阳娜娜" not in json.dumps(documents(sealed.seal), ensure_ascii=False)


def test_tables_below_a_statement_are_sealed_or_the_test_fails() -> None:
    """A new table of the snapshot that nobody added to STATEMENT_ROWS would stay outside the seal."""
    below = {
        model
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is SnapshotStatement
    }
    assert below == {kind.model for kind in STATEMENT_ROWS}


WORKING_NOTES = {"seal_copy", "seal_check", "seal_incident", "seal_late_check", "seal_late_line"}


def test_no_sealed_table_is_left_to_the_application() -> None:
    """Derived from the models: whatever is guarded and belongs to a snapshot, all of the sealing room but its working notes."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    guarded = set(guarded_tables())
    room = {table for table, model in models.items() if model._meta.app_label == "seals"} - WORKING_NOTES
    below = {table for table, model in models.items() if table in guarded and _stands_on_a_snapshot(model)}
    assert room <= guarded
    assert set(SEALED_TABLES) == room | below | {Evaluation._meta.db_table}
    script = OWNER_SCRIPT.read_text(encoding="utf-8")
    assert [table for table in SEALED_TABLES if f"'{table}'" not in script] == []
    functions = [
        "zs_refuse_change",
        *(f"{table}_frozen" for table in frozen_tables() if table in SEALED_TABLES),
    ]
    assert [name for name in functions if f"ALTER FUNCTION {name}()" not in script] == []


def _stands_on_a_snapshot(model: type[Model]) -> bool:
    parents = {field.related_model for field in model._meta.concrete_fields if field.related_model}
    return model is Snapshot or bool(parents & {Snapshot, SnapshotStatement, SnapshotLine})


def test_the_header_can_be_put_together_again(sealed: Sealed) -> None:
    header = Snapshot.objects.get().header
    month, *institutions = documents(sealed.seal)
    assert month[0]["parts"] == header_shape(header)
    found = [d for tree in (month, *institutions) for d in tree if d["kind"] == "header"]
    assert len(found) == len(list(header_parts(header)))
    again: dict[str, Any] = {
        part: None if size is None else [None] * size for part, size in month[0]["parts"].items()
    }
    openings = {tree: openings_of(sealed.seal, tree) for tree in range(4)}
    for number, tree in enumerate((month, *institutions)):
        for leaf, document in enumerate(tree):
            if document["kind"] != "header":
                continue
            value = document["columns"]["value"] if document["plain"] else dict(document["columns"])
            for name, (_salt, plain) in openings[number].get(str(leaf), {}).items():
                value[name] = plain
            if document["number"] is None:
                again[document["part"]] = value
            else:
                again[document["part"]][document["number"]] = value
    assert again == header
    # What is about one institution is sealed with it.
    assert {d["part"] for d in institutions[0] if d["kind"] == "header"} == {"alerts", "decisions"}
    assert {d["part"] for d in month if d["kind"] == "header"} == set(header) - {
        "alerts",
        "decisions",
        "corrections",
        "breaches",
    }


def test_names_and_reasons_are_commitments_that_open(sealed: Sealed) -> None:
    openings = openings_of(sealed.seal, 1)
    tree = documents(sealed.seal)[1]
    assert [openings[str(leaf)]["child_name"][1] for leaf in (1, 2, 3)] == ["王小明", "欧阳娜娜", "喆一"]
    assert [o["reason"][1] for o in openings.values() if "reason" in o] == ["当日停电, 已核实"]
    for leaf, names in openings.items():
        for name, (salt, value) in names.items():
            text = json.dumps(value, ensure_ascii=False).encode()
            assert tree[int(leaf)]["columns"][name] == {"commit": commitment(bytes.fromhex(salt), text)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT ciphertext FROM seal_private")
        assert all(text.startswith("1.t1.") for (text,) in cursor.fetchall())


def test_log_and_checkpoint(sealed: Sealed) -> None:
    seal = sealed.seal
    year, month = (json.loads(entry.document) for entry in LogEntry.objects.order_by("number"))
    assert year == {"kind": "year", "origin": "zhishan/330683000000/2026", "previous": None}
    assert (month["kind"], month["month"], month["root"], month["rows"], month["total_amount"]) == (
        "month",
        "2026-10",
        seal.root,
        6,
        "1225.00",
    )
    body, signatures = parse_note(seal.checkpoint)
    checkpoint = Checkpoint.parse(body)
    assert (checkpoint.origin, checkpoint.size) == (year["origin"], 2)
    assert checkpoint.value("month") == f"2026-10 {seal.root}"
    assert [signature.name for signature in signatures] == ["zhishan.test", "zhishan.test"]
    assert seal.code == short_code(body)
    event = AuditEvent.objects.get(action="seals.month.sealed")
    assert (event.detail["root"], event.detail["code"]) == (seal.root, seal.code)


def test_sealing_twice_is_sealing_once(sealed: Sealed) -> None:
    again = seal_month(snapshot=sealed.snapshot)
    assert again.pk == sealed.seal.pk
    assert (SealTree.objects.count(), LogEntry.objects.count()) == (4, 2)


def test_a_new_year_names_the_log_of_the_old_one(sealed: Sealed) -> None:
    copy = Snapshot.objects.get()
    Snapshot.objects.bulk_create([next_year(copy)])
    seal = seal_month(snapshot=Snapshot.objects.get(month="2027-01"))
    assert (seal.origin, seal.entry) == ("zhishan/330683000000/2027", 1)
    year = json.loads(LogEntry.objects.get(origin=seal.origin, number=0).document)
    body, _ = parse_note(sealed.seal.checkpoint)
    assert year["previous"] == {
        "origin": "zhishan/330683000000/2026",
        "size": 2,
        "root": Checkpoint.parse(body).root.hex(),
    }


def next_year(old: Snapshot) -> Snapshot:
    from backend.apps.subsidy.models import MonthlyCycle

    cycle = MonthlyCycle.objects.get()
    cycle.pk, cycle.month = None, ServiceMonth(2027, 1)
    cycle.save()
    return Snapshot(
        cycle=cycle,
        county_code=old.county_code,
        county_name=old.county_name,
        month=cycle.month,
        header={},
        line_count=0,
        total_amount=Decimal("0.00"),
        digest="0" * 64,
        created_at=datetime(2027, 2, 1, tzinfo=UTC),
    )


def test_without_a_key_nothing_is_sealed(sealed: Sealed) -> None:
    Snapshot.objects.bulk_create([next_year(Snapshot.objects.get())])
    new = Snapshot.objects.get(month="2027-01")
    broken = {
        "signer": "backend.apps.seals.services.software_signers.SM2Signer",
        "name": "x",
        "private": "AAAA",
    }
    for signers, code in (([], "seal_key_missing"), ([broken], "seal_signer_unavailable")):
        with override_settings(SEAL_SIGNERS=signers), pytest.raises(Unavailable) as caught:
            seal_month(snapshot=new)
        assert caught.value.code == code
    assert (Seal.objects.count(), LogEntry.objects.count()) == (1, 2)


# --- package ---------------------------------------------------------------------------------------------
def test_the_package_is_true_to_itself_and_always_the_same(sealed: Sealed) -> None:
    data = seal_package(sealed.seal).archive()
    assert seal_package(Seal.objects.get()).archive() == data
    package = read_package(data)
    result = checked(package, root=sealed.seal.root, code=sealed.seal.code)
    assert (result.faults, result.signed_by) == ((), ("ed25519", "sm2"))
    for brought in ({"root": "0" * 64}, {"code": "0000-0000-0000-0000"}):
        assert [fault.code for fault in checked(package, **brought).faults] == ["printed"]


def test_a_later_month_leaves_the_package_as_it_is(sealed: Sealed) -> None:
    data = seal_package(sealed.seal).archive()
    Snapshot.objects.bulk_create([next_year(Snapshot.objects.get())])
    seal_month(snapshot=Snapshot.objects.get(month="2027-01"))
    assert seal_package(sealed.seal).archive() == data


def test_an_institution_takes_home_its_own_rows_only(sealed: Sealed) -> None:
    cast = sealed.month.cast
    data = institution_rows(sealed.seal, institution_id=cast.jasmine.pk).decode()
    assert "嵊州市茉莉托育中心" in data
    for other in ("青竹", "云朵", "C0002", "C0003", "王小明"):
        assert other not in data
    own = institution_rows(sealed.seal, institution_id=cast.jasmine.pk, with_openings=True).decode()
    assert "王小明" in own
    assert "李镕" not in own
    with pytest.raises(NotFound):
        institution_rows(sealed.seal, institution_id=cast.jasmine.pk + 1_000)


def test_a_proof_is_small(sealed: Sealed) -> None:
    proof = json.loads(line_proof(sealed.seal, institution_id=sealed.month.cast.jasmine.pk, leaf=2))
    assert json.loads(proof["document"])["key"] == "330683-202610-00002"
    path = {name: proof[name] for name in ("row", "month", "log", "institution", "entry", "checkpoint")}
    assert len(json.dumps(path, ensure_ascii=False).encode()) < 2_048
    with pytest.raises(NotFound):
        line_proof(sealed.seal, institution_id=sealed.month.cast.jasmine.pk, leaf=99)


# --- guards ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("table", TABLES[:4])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_raw_sql_cannot_change_the_copy(sealed: Sealed, table: str, verb: str) -> None:
    with (
        pytest.raises(IntegrityError, match=f"table {table}: {verb.split()[0]} refused"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format(table))


def test_openings_may_go_once_an_erasure_was_recorded(sealed: Sealed) -> None:
    private = SealPrivate.objects.get(number=1)
    SealErasure.objects.create(
        private=private, reason="保存期满", by_name="系统", at=datetime(2029, 1, 1, tzinfo=UTC)
    )
    SealPrivate.objects.filter(pk=private.pk).update(ciphertext="")
    with pytest.raises(IntegrityError), transaction.atomic():
        SealPrivate.objects.exclude(pk=private.pk).update(ciphertext="")
    assert checked(seal_package(sealed.seal)).faults == ()


def test_no_guard_is_missing() -> None:
    assert [table for table in missing_guards(connection) if table in TABLES] == []
