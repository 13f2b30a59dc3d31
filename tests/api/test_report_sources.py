"""Reports come from the seal alone: every other table is changed, and each paper, workbook and statistic stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from backend.apps.accounts.models import User
from backend.apps.reporting.models import ReportFile
from backend.apps.reporting.selectors.month import report_lines, report_month
from backend.apps.reporting.selectors.rows import sealed_row
from backend.apps.reporting.selectors.statement import report_statement
from backend.apps.reporting.selectors.statistics import AXES, Period, statistics
from backend.apps.reporting.services import building, report_build
from backend.apps.reporting.services.pdf import report_html
from backend.apps.reporting.services.statement import statement_html, statement_pdf
from backend.apps.reporting.services.statistics_xlsx import statistics_xlsx
from backend.apps.reporting.services.xlsx import report_xlsx
from backend.apps.subsidy.models import Snapshot, SnapshotLine, SnapshotStatement
from backend.common import stored_files
from backend.common.service_month import ServiceMonth
from tests.api.month import Month
from tests.support.frozen import lifted_guards

pytestmark = pytest.mark.django_db
# What reports are made of; everything else is a source somebody may change later.
SEALED = {
    *("Snapshot", "SnapshotStatement", "SnapshotLine", "SnapshotAdjustment"),
    *("Seal", "SealTree", "LogEntry", "ReportFile"),
}
# Who may look is asked of the present: names of people are changed, their roles and sessions are not.
PERMISSION = {"RoleAssignment", "Session", "Permission", "Group", "ContentType"}
ROOMS = ("backend.apps.", "workflows", "viewflow")
YEAR = Period(ServiceMonth(2026, 1), ServiceMonth(2026, 12))
TO: dict[str, str] = {
    "CharField": "'改'",
    "TextField": "'改'",
    "EncryptedTextField": "'改'",
    "IntegerField": "{0} + 1",
    "SmallIntegerField": "{0} + 1",
    "PositiveIntegerField": "{0} + 1",
    "PositiveSmallIntegerField": "{0} + 1",
    "BigIntegerField": "{0} + 1",
    "DecimalField": "{0} + 1",
    "BooleanField": "NOT {0}",
    "DateField": "'2001-01-01'",
    "DateTimeField": "'2001-01-01 00:00:00+00:00'",
    "TimeField": "'03:04:05'",
    "JSONField": "'{{}}'",
    "BinaryField": "'00'",
}


def sources() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model.__module__.startswith(ROOMS)
        and model.__name__ not in SEALED | PERMISSION
        and not model._meta.proxy
        and model._meta.managed
    ]


def changeable(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """Column and new value; keys stay, so that rows still belong together and would be found if somebody looked."""
    keys = {name for rule in model._meta.total_unique_constraints for name in rule.fields}
    for field in model._meta.local_concrete_fields:
        if model is User and field.name != "display_name":
            continue
        if field.primary_key or field.is_relation or field.unique or field.name in keys:
            continue
        kind = TO.get(field.get_internal_type()) or TO.get(type(field).__name__)
        assert kind, f"{field}: a kind of column this test cannot change yet"
        yield field.column, kind.format(f'"{field.column}"')


def change(model: type[models.Model]) -> int:
    """How many columns of the table's rows are now different."""
    changed = 0
    for column, value in changeable(model):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f'UPDATE "{model._meta.db_table}" SET "{column}" = {value}')
                changed += cursor.rowcount > 0
        except DatabaseError:  # a check constraint or a width that the new value breaks
            continue
    return changed


def reports(month: Month) -> dict[str, bytes]:
    """Everything a report says, before it is laid out: that takes a second, and is done once at the end."""
    snapshot = Snapshot.objects.get(cycle_id=month.cycle.pk)
    actor = User.objects.get(pk=month.cast.auditor.pk)
    whole = report_month(snapshot)
    found = {
        "county": report_html(whole, detail_name="x", family="x").encode(),
        "workbook": report_xlsx(whole, report_lines(snapshot)),
        "statistics": statistics_xlsx([statistics(actor=actor, axis=axis, period=YEAR) for axis in AXES]),
    }
    for statement in SnapshotStatement.objects.select_related("snapshot"):
        paper = report_statement(statement)
        found[f"statement {statement.row_number}"] = (statement_html(paper) + repr(paper.rows)).encode()
    for code in SnapshotLine.objects.order_by("row_number").values_list("row_code", flat=True):
        row = sealed_row(actor=actor, code=code)
        assert row.line is not None
        found[f"row {code}"] = repr((row.amount, row.child_name, row.line.explanation, row.seal)).encode()
    return found


def papers(month: Month) -> dict[str, str]:
    """The files themselves, made anew."""
    snapshot = Snapshot.objects.get(cycle_id=month.cycle.pk)
    whole = report_month(snapshot)
    made = {"county": building.month_pdf(whole), "workbook": report_xlsx(whole, report_lines(snapshot))}
    for statement in SnapshotStatement.objects.select_related("snapshot"):
        made[f"statement {statement.row_number}"] = statement_pdf(report_statement(statement))
    return {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}


def culprits(month: Month, before: dict[str, bytes]) -> list[str]:
    """Tables whose change alone shows in a report, each tried and taken back."""

    def shows(model: type[models.Model]) -> bool:
        with transaction.atomic():
            change(model)
            seen = _differs(lambda: reports(month), before)
            transaction.set_rollback(True)
        return seen

    return [model._meta.db_table for model in sources() if shows(model)]


def _differs(read: Callable[[], dict[str, bytes]], before: dict[str, bytes]) -> bool:
    try:
        return read() != before
    except Exception:  # noqa: BLE001 - a report that cannot be made any more is a report that changed
        return True


def test_changing_every_source_table_leaves_every_report_byte_identical(sealed: Month) -> None:
    before, on_paper = reports(sealed), papers(sealed)
    with lifted_guards():
        with transaction.atomic():
            changed = {model._meta.db_table: change(model) for model in sources()}
            same = not _differs(lambda: reports(sealed), before)
            transaction.set_rollback(not same)
        assert same or culprits(sealed, before) == []
        assert papers(sealed) == on_paper
    touched = {table for table, columns in changed.items() if columns}
    assert {
        *("attendance_punch", "attendance_day", "attendance_month", "attendance_required_days"),
        *("enrolment_child", "enrolment_enrolment", "institutions_institution", "institutions_region"),
        *("subsidy_scheme", "subsidy_rate", "subsidy_statement", "subsidy_line", "subsidy_decision"),
        *("subsidy_cycle", "subsidy_evaluation", "alerts_alert", "alerts_outcome", "accounts_user"),
    } <= touched
    # A new table with rows is changed here without anybody having thought of it, or stops this test.
    filled = {model for model in sources() if model._base_manager.exists() and any(changeable(model))}
    assert {model._meta.db_table for model in filled} - touched == set()
    assert len(touched) >= 30


def test_every_model_is_a_source_or_part_of_the_seal() -> None:
    """No model of ours is left out by its module, nor by a name it shares with one that may be."""
    ours = [
        model
        for model in apps.get_models()
        if not (model.__module__.startswith("django.") or model._meta.proxy)
    ]
    left_out = {model.__name__ for model in ours} - {model.__name__ for model in sources()}
    assert left_out == SEALED | (PERMISSION & {model.__name__ for model in ours})
    names = [model.__name__ for model in ours]
    assert all(names.count(name) == 1 for name in left_out)


def test_files_that_are_made_again_are_the_same(sealed: Month) -> None:
    """What was sent out in November is what the county downloads in 2031, after the sources have gone their way."""
    first = {file.kind: file.sha256 for file in ReportFile.objects.filter(statement_number=0)}
    for file in ReportFile.objects.all():
        stored_files.file_path(file.path).unlink(missing_ok=True)
    with lifted_guards():
        for model in sources():
            if model.__name__ not in ("MonthlyCycle", "JobRun"):
                change(model)
        again = {file.kind: file.sha256 for file in report_build(cycle_id=sealed.cycle.pk)}
    assert again == first


@pytest.mark.parametrize("model", [Snapshot, SnapshotStatement, SnapshotLine])
def test_the_comparison_would_notice(sealed: Month, model: type[models.Model]) -> None:
    before = reports(sealed)
    with lifted_guards():
        change(model)
        assert _differs(lambda: reports(sealed), before)
