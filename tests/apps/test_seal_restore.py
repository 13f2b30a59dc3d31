"""seal_restore writes back exactly what the package holds, once, with a trace, and never anything else."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from backend.apps.audit.models import AuditEvent
from backend.apps.seals.models import LogEntry, Seal, SealIncident, SealPrivate, SealTree
from backend.apps.seals.services import (
    installation_verify,
    seal_backup,
    seal_restore,
    seal_verify,
    seals_watch,
)
from backend.apps.subsidy.models import Snapshot, SnapshotLine, SnapshotStatement
from backend.apps.subsidy.selectors import snapshot_verify
from backend.common.errors import Conflict, Invalid
from tests.apps.sealed import Sealed, make_sealed, tamper
from tests.apps.test_seal_tampering import ROW2, package_file

pytestmark = pytest.mark.django_db
REASON = "数据库被人改动, 按封存包恢复"

DAMAGE = [
    ("UPDATE subsidy_snap_line SET amount = 401, derivation = '{}' WHERE row_number = 2", [("subsidy_snap_line", ROW2)]),
    ("UPDATE subsidy_snap_line SET child_name = '' WHERE row_number = 2", [("subsidy_snap_line", ROW2)]),
    ("DELETE FROM subsidy_snap_line WHERE row_number = 2", [("subsidy_snap_line", ROW2)]),
    ("UPDATE subsidy_snap_statement SET total_amount = 1, grade_name = 'x' WHERE row_number = 1", [("subsidy_snap_statement", "嵊州市茉莉托育中心")]),
    ("UPDATE subsidy_snapshot SET total_amount = 1", [("subsidy_snapshot", "2026-10")]),
    ("UPDATE subsidy_snapshot SET header = '{}'", [("subsidy_snapshot", "2026-10")]),
    ("UPDATE seal_tree SET documents = REPLACE(documents, '400.00', '401.00') WHERE number = 1", [("seal_tree", "第 1 棵树")]),
    ("DELETE FROM seal_tree WHERE number = 2", [("seal_tree", "第 2 棵树")]),
    ("UPDATE seal_private SET ciphertext = 'x' WHERE number = 1", [("seal_private", "第 1 棵树")]),
    ("UPDATE seal_month SET root = 'x', leaves = 1", [("seal_month", "2026-10")]),
    ("UPDATE seal_log SET hash = 'x' WHERE number = 1", [("seal_log", "zhishan/330683000000/2026 1")]),
]  # fmt: skip


@pytest.fixture
def sealed() -> Sealed:
    found = make_sealed()
    seal_backup(seal_id=found.seal.pk)
    return found


def everything() -> dict[str, list[str]]:
    """Every row of every sealed table; ciphertexts differ each time they are made, and JSON has no order of keys."""
    models = (Snapshot, SnapshotStatement, SnapshotLine, SealTree, Seal, LogEntry, SealPrivate)
    found = {}
    for model in models:
        left_out = {"child_name"} | ({"id"} if model._meta.app_label == "seals" else set())
        names = [field.attname for field in model._meta.concrete_fields if field.attname not in left_out]
        rows = model._default_manager.values(*names)
        found[model._meta.db_table] = sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)
    return found


@pytest.mark.parametrize(("sql", "expected"), DAMAGE, ids=[sql[:45] for sql, _ in DAMAGE])
def test_each_damage_is_undone_exactly(sealed: Sealed, sql: str, expected: list[tuple[str, str]]) -> None:
    before = everything()
    tamper(sql)
    assert everything() != before or "child_name" in sql
    summary = seal_restore(seal=Seal.objects.get(), actor=sealed.month.cast.county_one, reason=REASON)
    assert (list(summary.restored), summary.left) == (expected, ())
    assert everything() == before
    assert [line.child_name for line in SnapshotLine.objects.order_by("row_number")][:2] == [
        "王小明",
        "欧阳娜娜",
    ]
    assert (seal_verify(Seal.objects.get()).findings, installation_verify()) == ((), [])
    assert snapshot_verify(Snapshot.objects.get()) == []
    event = AuditEvent.objects.get(action="seals.row.restored")
    assert (event.actor_name, event.detail["table"], event.detail["key"], event.detail["reason"]) == (
        "陈审核",
        *expected[0],
        REASON,
    )


def test_a_row_that_came_in_afterwards_is_taken_out(sealed: Sealed) -> None:
    before = everything()
    line = SnapshotLine.objects.get(row_number=2)
    line.child_name = str(line.child_name)  # read, so that it is encrypted for the new row
    line.pk, line.row_number, line.row_code, line.row_key = None, 99, "330683-202610-00099", uuid4()
    line.save(force_insert=True)
    assert everything() != before
    seal_restore(seal=sealed.seal, actor=sealed.month.cast.county_one, reason=REASON)
    assert everything() == before


def test_nothing_damaged_nothing_done(sealed: Sealed) -> None:
    summary = seal_restore(seal=sealed.seal, actor=sealed.month.cast.county_one, reason=REASON)
    assert (summary.restored, summary.left) == ((), ())
    assert not AuditEvent.objects.filter(action="seals.row.restored").exists()


def test_the_guards_are_back_and_were_never_off_for_others(sealed: Sealed) -> None:
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    seal_restore(seal=sealed.seal, actor=sealed.month.cast.county_one, reason=REASON)
    assert installation_verify() == []
    with pytest.raises(IntegrityError), transaction.atomic():
        SnapshotLine.objects.update(amount=1)


def test_without_a_true_package_nothing_is_restored(sealed: Sealed) -> None:
    """The copy in the database may have been changed by the same hand."""
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    package_file().unlink()
    with pytest.raises(Conflict) as caught:
        seal_restore(seal=sealed.seal, actor=sealed.month.cast.county_one, reason=REASON)
    assert caught.value.code == "seal_no_witness"
    assert SnapshotLine.objects.get(row_number=2).amount == 401


def test_a_reason_is_asked_for(sealed: Sealed) -> None:
    with pytest.raises(Invalid):
        seal_restore(seal=sealed.seal, actor=sealed.month.cast.county_one, reason="  ")


def test_what_no_package_holds_is_left_and_told(sealed: Sealed) -> None:
    tamper("UPDATE subsidy_evaluation SET comment = '不同意'")
    summary = seal_restore(seal=sealed.seal, actor=sealed.month.cast.county_one, reason=REASON)
    assert [(f.table, f.field) for f in summary.left] == [("subsidy_evaluation", "comment")]


# --- commands --------------------------------------------------------------------------------------------
def run(*arguments: str, **options: Any) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=out, **options)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_verify_and_restore_by_command(sealed: Sealed) -> None:
    assert run("seal_verify")[0] == 0
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    status, text = run("seal_verify", "--county", "330683", "--month", "2026-10")
    assert status == 1
    assert f"· 2026-10 subsidy_snap_line {ROW2} amount: 400.00 → 401.00 (与封存时不符)" in text
    who = sealed.month.cast.county_one.username
    status, text = run("seal_restore", "--month", "2026-10", "--actor", who, "--reason", REASON)
    assert (status, f"· subsidy_snap_line {ROW2}" in text) == (0, True)
    status, text = run("seal_verify")
    assert (status, text.endswith("全部一致\n")) == (0, True)
    assert run("seal_restore", "--month", "2026-10", "--actor", "nobody", "--reason", REASON)[1].endswith(
        "没有这个账号: nobody"
    )
    assert run("seal_restore", "--month", "2026-13", "--actor", who, "--reason", REASON)[0] == 1


def test_keys_are_printed(sealed: Sealed) -> None:
    status, text = run("seal_keys")
    assert (status, text.splitlines()) == (0, sorted(text.splitlines()))
    assert text.splitlines() == sealed.seal.keys


# --- watch -----------------------------------------------------------------------------------------------
def open_incidents() -> list[tuple[str, str, str, str]]:
    rows = SealIncident.objects.filter(closed_at__isnull=True).order_by("id")
    return list(rows.values_list("table_name", "row_key", "old_text", "new_text"))


def test_the_watch_opens_an_incident_once_and_closes_it(sealed: Sealed) -> None:
    assert seals_watch().opened == 0
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    assert seals_watch().opened == 1
    assert seals_watch().opened == 0
    assert open_incidents() == [("subsidy_snap_line", ROW2, "400.00", "401.00")]
    assert AuditEvent.objects.filter(action="seals.tampering.found").count() == 1
    seal_restore(seal=Seal.objects.get(), actor=sealed.month.cast.county_one, reason=REASON)
    seals_watch()
    assert open_incidents() == []
    assert AuditEvent.objects.filter(action="seals.tampering.gone").count() == 1
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    assert seals_watch().opened == 1
    assert open_incidents() == [("subsidy_snap_line", ROW2, "400.00", "401.00")]


@pytest.mark.only_on(
    "postgresql", reason="SQLite has no sign of a changed row: there every check reads everything"
)
def test_a_calm_month_is_not_read_again(sealed: Sealed) -> None:
    assert seals_watch().checked == 1
    assert seals_watch().checked == 0
    tamper(
        "UPDATE subsidy_snap_line SET amount = amount WHERE row_number = 2"
    )  # even when it changes nothing
    assert (seals_watch().checked, seals_watch().checked) == (1, 0)
    tamper("UPDATE subsidy_evaluation SET comment = '不同意'")
    assert seals_watch().opened == 1


def test_a_watch_without_time_reads_one_month_and_says_what_waits(sealed: Sealed) -> None:
    summary = seals_watch(budget_seconds=0)
    assert (summary.checked, summary.waiting) == (1, 0)


def test_dropped_guards_are_an_incident(sealed: Sealed) -> None:
    from backend.common.guards import install_guards, remove_guards

    connection.check_constraints()
    remove_guards(connection)
    assert seals_watch().opened >= 10
    install_guards(connection)
    seals_watch()
    assert open_incidents() == []


def test_no_incident_carries_a_name(sealed: Sealed) -> None:
    tamper("UPDATE subsidy_snap_line SET child_name = ''")
    seals_watch()
    texts = json.dumps(
        [list(row) for row in SealIncident.objects.values_list()], default=str, ensure_ascii=False
    )
    texts += json.dumps(list(AuditEvent.objects.values_list("detail", flat=True)), ensure_ascii=False)
    assert SealIncident.objects.count() == 6
    assert [name for name in ("王小明", "欧阳娜娜", "喆一", "李镕") if name in texts] == []
    assert Path(package_file()).exists()
