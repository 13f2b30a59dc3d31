"""snapshot_create and snapshot_verify: what was evaluated is copied whole, and every later change is named."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.subsidy.models import (
    EntitlementLine,
    Evaluation,
    MonthlyCycle,
    Snapshot,
    SnapshotLine,
    SnapshotStatement,
    Statement,
)
from backend.apps.subsidy.selectors import cycle_content_hash, snapshot_verify
from backend.apps.subsidy.services import cycle_evaluate, snapshot_create
from backend.common.errors import Conflict, NotFound
from backend.common.guards import install_guards, missing_guards, remove_guards
from tests.apps.months import FIRST, Month, approve_all, decide, make_alert, make_month, settle

pytestmark = pytest.mark.django_db
TABLES = ["subsidy_snapshot", "subsidy_snap_statement", "subsidy_snap_line"]


@pytest.fixture
def month() -> Month:
    """One alert settled, one statement excluded, two approved."""
    month = make_month()
    settle(make_alert(month.cast.jasmine), month.cast.county_two)
    approve_all_but_bamboo(month)
    return month


def approve_all_but_bamboo(month: Month) -> None:
    company = month.cast
    decide(month.jasmine, "review_township", "approved", company.town_sanjiang)
    decide(month.jasmine, "review_county", "approved", company.county_one)
    decide(month.bamboo, "review_township", "approved", company.town_luoshan)
    decide(month.bamboo, "review_county", "excluded", company.county_one, comment="备案已失效")
    decide(month.nowhere, "review_township", "approved", company.county_two)
    decide(month.nowhere, "review_county", "approved", company.county_one)


@pytest.fixture
def snapshot(month: Month) -> Snapshot:
    cycle_evaluate(
        cycle=month.cycle,
        actor=month.cast.evaluator,
        comment="",
        content_hash=cycle_content_hash(month.cycle),
    )
    return Snapshot.objects.get()


def test_rows_are_copied_in_print_order(snapshot: Snapshot, month: Month) -> None:
    assert (snapshot.county_code, snapshot.county_name, str(snapshot.month)) == (
        "330683000000",
        "嵊州市",
        "2026-10",
    )
    assert (snapshot.line_count, snapshot.total_amount) == (6, Decimal("1000.00"))
    assert list(
        snapshot.statements.order_by("row_number").values_list(
            "row_number",
            "institution_name",
            "township_name",
            "grade_name",
            "outcome",
            "exclusion_reason",
            "children_count",
            "paid_children",
            "total_amount",
        )
    ) == [
        (1, "嵊州市茉莉托育中心", "三江街道", "一级", "approved", "", 3, 2, Decimal("750.00")),
        (2, "嵊州市云朵托育中心", "乡镇街道待补", "三级", "approved", "", 1, 1, Decimal("250.00")),
        (
            3,
            "嵊州市青竹幼儿园托育部",
            "鹿山街道",
            "未评级",
            "excluded",
            "备案已失效",
            2,
            2,
            Decimal("225.00"),
        ),
    ]
    lines = SnapshotLine.objects.order_by("row_number")
    assert [(line.row_code, line.child_name, line.amount, line.factor) for line in lines] == [
        ("330683-202610-00001", "王小明", Decimal("350.00"), Decimal("1.000000")),
        ("330683-202610-00002", "欧阳娜娜", Decimal("400.00"), Decimal("1.000000")),
        ("330683-202610-00003", "喆一", Decimal("0.00"), Decimal("0.000000")),
        ("330683-202610-00004", "孙堃", Decimal("250.00"), Decimal("1.000000")),
        ("330683-202610-00005", "李镕", Decimal("150.00"), Decimal("1.000000")),
        ("330683-202610-00006", "赵昇", Decimal("75.00"), Decimal("0.500000")),
    ]
    source = EntitlementLine.objects.get(child__code=lines[1].child_code)
    assert lines[1].derivation == source.derivation
    assert (lines[1].child_id, lines[1].rate_amount) == (source.child_id, Decimal("400.00"))


def test_header_holds_what_the_rows_stand_on(snapshot: Snapshot, month: Month) -> None:
    header = snapshot.header
    assert set(header) == {
        "format",
        "scheme",
        "required_days",
        "totals",
        "decisions",
        "alert_counts",
        "alerts",
        "corrections",
        "evaluation",
        "duties",
        "breaches",
    }
    assert header["scheme"]["document_number"] == "嵊卫发〔2026〕12号"
    assert len(header["scheme"]["rates"]) == 5 * 4 * 2
    first = header["scheme"]["rates"][0]
    assert (first["grade"], first["care_mode"], first["age_band"], first["starts_on"]) == (
        "city_model",
        "full_day",
        "*",
        "2026-01-01",
    )
    assert header["required_days"]["county"] == {
        "days": 18,
        "default_days": 18,
        "reason": "",
        "set_by": "陈审核",
        "set_at": "2026-11-02T09:00:00.000000+08:00",
    }
    assert header["totals"] == {
        "statements": 3,
        "approved": 2,
        "excluded": 1,
        "open": 0,
        "children": 4,
        "paid_children": 3,
        "amount": "1000.00",
    }
    assert [(d["step"], d["decision"], d["by"]) for d in header["decisions"]] == [
        ("review_township", "approved", "王三江"),
        ("review_county", "approved", "陈审核"),
        ("review_township", "approved", "吴鹿山"),
        ("review_county", "excluded", "陈审核"),
        ("review_township", "approved", "沈复核"),
        ("review_county", "approved", "陈审核"),
    ]
    assert [(a["rule"], a["outcome"], a["by"], a["institutions"]) for a in header["alerts"]] == [
        ("headcount", "dismissed", "沈复核", [month.cast.jasmine.pk])
    ]
    assert (header["evaluation"]["by"], header["evaluation"]["total_amount"]) == ("赵评定", "1000.00")
    assert [(d["title"], d["person"], d["count"]) for d in header["duties"]] == [
        ("开启月度周期", "陈审核", 1),
        ("设置应考勤天数", "陈审核", 1),
        ("乡镇街道初审", "王三江", 1),
        ("乡镇街道初审", "吴鹿山", 1),
        ("乡镇街道初审", "沈复核", 1),
        ("县级审核", "陈审核", 3),
        ("预警处置", "沈复核", 1),
        ("评定", "赵评定", 1),
    ]
    assert header["breaches"] == []
    assert "王小明" not in str(header)


def test_the_name_is_encrypted_and_only_committed_to(snapshot: Snapshot) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT child_name, name_commitment FROM subsidy_snap_line ORDER BY row_number")
        rows = cursor.fetchall()
    assert all(re.fullmatch(r"1\.t1\.[\w=-]+", name) for name, _ in rows)
    assert len({commitment for _, commitment in rows}) == 6
    assert all(re.fullmatch(r"[0-9a-f]{64}", commitment) for _, commitment in rows)


def test_second_call_returns_the_first_snapshot(snapshot: Snapshot, month: Month) -> None:
    events = AuditEvent.objects.count()
    again = snapshot_create(cycle_id=month.cycle.pk)
    assert (again.pk, again.digest) == (snapshot.pk, snapshot.digest)
    assert (SnapshotLine.objects.count(), AuditEvent.objects.count()) == (6, events)


def test_an_evaluation_without_snapshot_is_completed(month: Month) -> None:
    """As after a restore that lost the snapshot but not the evaluation."""
    Evaluation.objects.create(
        cycle=month.cycle,
        by=month.cast.evaluator,
        by_name="赵评定",
        at=FIRST,
        content_hash=cycle_content_hash(month.cycle),
        total_amount=Decimal("1000.00"),
    )
    made = snapshot_create(cycle_id=month.cycle.pk)
    assert (made.line_count, made.total_amount) == (6, Decimal("1000.00"))
    assert snapshot_verify(made) == []


def test_refusals(month: Month) -> None:
    with pytest.raises(Conflict) as caught:
        snapshot_create(cycle_id=month.cycle.pk)
    assert (caught.value.code, caught.value.message) == ("cycle_not_evaluated", "该月尚未评定, 不能备份")
    with pytest.raises(NotFound):
        snapshot_create(cycle_id=0)
    Evaluation.objects.create(
        cycle=month.cycle,
        by=month.cast.evaluator,
        by_name="赵评定",
        at=FIRST,
        content_hash="0" * 64,
        total_amount=Decimal("1000.00"),
    )
    with pytest.raises(Conflict) as caught:
        snapshot_create(cycle_id=month.cycle.pk)
    assert caught.value.code == "content_changed"
    assert Snapshot.objects.count() == 0


def test_changing_every_source_leaves_the_snapshot_as_it_is(snapshot: Snapshot) -> None:
    EntitlementLine.objects.update(amount=1, attended_days=1, derivation={})
    Statement.objects.update(total_amount=1, outcome="approved")
    MonthlyCycle.objects.update(evaluated_at=None)
    for child in Child.objects.all():
        child.name = "改名"
        child.save()
    assert snapshot_verify(snapshot) == []
    assert SnapshotLine.objects.get(row_number=1).child_name == "王小明"


def test_verify_takes_four_queries(snapshot: Snapshot, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        assert snapshot_verify(snapshot) == []


def test_the_same_month_gives_the_same_row_digests(snapshot: Snapshot) -> None:
    """Row documents hold no time, no random number and no database-dependent order."""
    first, second = SnapshotLine.objects.order_by("row_number")[:2]
    assert first.digest != second.digest
    assert re.fullmatch(r"[0-9a-f]{64}", snapshot.digest)


# --- guards ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_raw_sql_cannot_change_a_row(snapshot: Snapshot, table: str, verb: str) -> None:
    with (
        pytest.raises(IntegrityError, match=f"append-only table {table}: {verb.split()[0]} refused"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format(table))
    assert snapshot_verify(snapshot) == []


@pytest.mark.only_on("postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", TABLES)
def test_truncate_is_refused(snapshot: Snapshot, table: str) -> None:
    connection.check_constraints()  # PostgreSQL truncates no table with deferred checks pending
    with (
        pytest.raises(DatabaseError, match="append-only table subsidy_snap"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {table} CASCADE")
    assert snapshot_verify(snapshot) == []


@pytest.mark.only_on(
    "postgresql", reason="session_replication_role is PostgreSQL's way round ordinary triggers"
)
def test_replication_role_does_not_lift_the_guard(snapshot: Snapshot) -> None:
    with (
        pytest.raises(IntegrityError, match="append-only table subsidy_snap_line: UPDATE refused"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SET LOCAL session_replication_role = replica; UPDATE subsidy_snap_line SET amount = 0"
        )


@pytest.mark.parametrize("model", [Snapshot, SnapshotStatement, SnapshotLine])
def test_the_orm_cannot_change_a_row(snapshot: Snapshot, model: Any) -> None:
    with pytest.raises(IntegrityError, match="append-only table"), transaction.atomic():
        model.objects.update(digest="0" * 64)
    with pytest.raises(IntegrityError, match="append-only table"), transaction.atomic():
        model.objects.first().save()
    with pytest.raises(Exception, match=r"append-only table|PROTECT|protected"), transaction.atomic():
        model.objects.all().delete()
    assert snapshot_verify(snapshot) == []


def test_no_guard_is_missing() -> None:
    """Also after 0003, which rebuilds a guarded table on SQLite."""
    assert missing_guards(connection) == []


# --- what verify names -------------------------------------------------------------------------------------


def tamper(sql: str, *params: Any) -> None:
    """As a superuser would: lift the guards, change, put them back."""
    connection.check_constraints()  # PostgreSQL alters no table with deferred checks pending
    remove_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
    connection.check_constraints()
    install_guards(connection)


LINE = "subsidy_snap_line"
ROW2 = "330683-202610-00002"
CHAIN = [
    ("subsidy_snap_statement", "嵊州市茉莉托育中心", "digest"),
]


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("attended_days = 17", [(LINE, ROW2, "digest")]),
        ("factor = 0.999999", [(LINE, ROW2, "digest")]),
        ("reason_code = 'other'", [(LINE, ROW2, "digest")]),
        ("child_code = 'X'", [(LINE, ROW2, "digest")]),
        ("rate_amount = NULL", [(LINE, ROW2, "digest")]),
        ("derivation = '{}'", [(LINE, ROW2, "digest")]),
        ("name_commitment = 'x'", [(LINE, ROW2, "digest"), (LINE, ROW2, "child_name")]),
        ("child_name = '1.t1.AAAA'", [(LINE, ROW2, "child_name")]),
    ],
)
def test_a_changed_line_is_named(
    snapshot: Snapshot, assignment: str, expected: list[tuple[str, str, str]]
) -> None:
    tamper(f"UPDATE subsidy_snap_line SET {assignment} WHERE row_number = 2")
    found = [(d.table, d.key, d.field) for d in snapshot_verify(snapshot)]
    chain = CHAIN if (LINE, ROW2, "digest") in expected else []
    assert found == [*expected, *chain]


def test_a_changed_amount_is_named_at_every_level(snapshot: Snapshot) -> None:
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    assert [(d.table, d.key, d.field, d.message) for d in snapshot_verify(snapshot)] == [
        (LINE, ROW2, "digest", "该行内容与封存时的摘要不符"),
        (
            "subsidy_snap_statement",
            "嵊州市茉莉托育中心",
            "digest",
            "该机构结算单或其明细与封存时的摘要不符",
        ),
        (
            "subsidy_snap_statement",
            "嵊州市茉莉托育中心",
            "total_amount",
            "合计 750.00 与明细之和 751.00 不符",
        ),
    ]


def test_a_swapped_name_is_named(snapshot: Snapshot) -> None:
    tamper(
        "UPDATE subsidy_snap_line SET child_name ="
        " (SELECT other.child_name FROM subsidy_snap_line other WHERE other.row_number = 1)"
        " WHERE row_number = 2"
    )
    assert [(d.key, d.field, d.message) for d in snapshot_verify(snapshot)] == [
        (ROW2, "child_name", "姓名密文已被改动或移自他行")
    ]


def test_an_erased_name_is_legal(snapshot: Snapshot) -> None:
    tamper("UPDATE subsidy_snap_line SET child_name = '' WHERE row_number = 2")
    assert snapshot_verify(snapshot) == []


def test_a_deleted_line_is_named(snapshot: Snapshot) -> None:
    tamper("DELETE FROM subsidy_snap_line WHERE row_number = 4")
    found = [(d.table, d.key, d.field) for d in snapshot_verify(snapshot)]
    assert found == [
        (LINE, "330683-202610-00005", "row_number"),
        (LINE, "330683-202610-00006", "row_number"),
        ("subsidy_snap_statement", "嵊州市云朵托育中心", "digest"),
        ("subsidy_snap_statement", "嵊州市云朵托育中心", "total_amount"),
        ("subsidy_snapshot", "2026-10", "line_count"),
    ]


def test_a_forged_row_with_its_own_digest_breaks_the_chain(snapshot: Snapshot) -> None:
    """Recomputing the row's digest is not enough: the statement and the printed digest stand on it."""
    from backend.apps.subsidy.selectors.snapshot_documents import document_digest, line_document

    line = SnapshotLine.objects.get(row_number=4)
    line.amount = Decimal("300.00")
    tamper(
        "UPDATE subsidy_snap_line SET amount = 300, digest = %s WHERE row_number = 4",
        document_digest(line_document(line)),
    )
    assert [(d.table, d.field) for d in snapshot_verify(snapshot)] == [
        ("subsidy_snap_statement", "digest"),
        ("subsidy_snap_statement", "total_amount"),
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "UPDATE subsidy_snapshot SET total_amount = 1",
            [("subsidy_snapshot", "digest"), ("subsidy_snapshot", "total_amount")],
        ),
        ("UPDATE subsidy_snapshot SET digest = 'x'", [("subsidy_snapshot", "digest")]),
        ("UPDATE subsidy_snapshot SET county_name = 'x'", [("subsidy_snapshot", "digest")]),
        (
            "UPDATE subsidy_snap_statement SET outcome = 'approved' WHERE row_number = 3",
            [("subsidy_snap_statement", "digest"), ("subsidy_snapshot", "total_amount")],
        ),
        (
            "UPDATE subsidy_snap_statement SET digest = 'x' WHERE row_number = 3",
            [("subsidy_snap_statement", "digest"), ("subsidy_snapshot", "digest")],
        ),
    ],
)
def test_a_changed_statement_or_month_is_named(
    snapshot: Snapshot, sql: str, expected: list[tuple[str, str]]
) -> None:
    tamper(sql)
    assert [(d.table, d.field) for d in snapshot_verify(snapshot)] == expected


def test_a_changed_header_is_named(snapshot: Snapshot) -> None:
    tamper("UPDATE subsidy_snapshot SET header = %s", '{"format": "x"}')
    assert [(d.table, d.field) for d in snapshot_verify(snapshot)] == [("subsidy_snapshot", "digest")]


def test_all_approved_totals_the_statements() -> None:
    month = make_month()
    approve_all(month)
    cycle_evaluate(
        cycle=month.cycle,
        actor=month.cast.evaluator,
        comment="",
        content_hash=cycle_content_hash(month.cycle),
    )
    assert Snapshot.objects.get().total_amount == Decimal("1225.00")
