"""Statement papers, row codes and statistics over HTTP: who may, where, and what is answered when there is nothing."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.apps.reporting.models import ReportFile
from backend.apps.subsidy.models import SnapshotLine
from backend.common import stored_files
from tests.api.month import Month
from tests.api.support import API, assert_problem, client_of, get
from tests.api.test_query_counts import queries
from tests.apps.papers import rows_on, sums_on

pytestmark = pytest.mark.django_db
PINNED: dict[str, int] = yaml.safe_load((Path(__file__).parents[1] / "query_counts.yaml").read_text())[
    "sealed"
]
YEAR = {"first": "2026-01", "last": "2026-12"}


@pytest.fixture(autouse=True)
def reports_on_disk(sealed: Month, settings: Any, media_folder: Path, module_media: Path) -> None:
    """The module's month wrote its files before this test's folder existed."""
    copytree(module_media, media_folder, dirs_exist_ok=True)


def line_of(sealed: Month, child: str) -> SnapshotLine:
    return SnapshotLine.objects.get(child_id=sealed.children[child].pk)


@pytest.mark.parametrize("name", ["operator_jasmine", "town_sanjiang", "county_one", "auditor", "leader"])
def test_everybody_over_the_institution_downloads_its_statement(sealed: Month, name: str) -> None:
    response = get(getattr(sealed.cast, name), f"/statements/{sealed.jasmine.pk}/report")
    content = b"".join(response.streaming_content)
    assert response["Content-Type"] == "application/pdf"
    assert content[:5] == b"%PDF-"
    assert "attachment" in response["Content-Disposition"]
    file = ReportFile.objects.get(statement_number__gt=0)
    assert (file.kind, file.size) == ("pdf", len(content))


@pytest.mark.parametrize("name", ["operator_bamboo", "town_luoshan", "stranger"])
def test_nobody_else_does(sealed: Month, name: str) -> None:
    response = get(getattr(sealed.cast, name), f"/statements/{sealed.jasmine.pk}/report")
    assert_problem(response, 404, "statement_not_found")


def test_a_statement_paper_is_no_report_of_the_county(sealed: Month) -> None:
    get(sealed.cast.auditor, f"/statements/{sealed.jasmine.pk}/report")
    file = ReportFile.objects.get(statement_number__gt=0)
    assert_problem(get(sealed.cast.auditor, f"/reports/{file.pk}/file"), 404, "report_not_found")
    body = get(sealed.cast.auditor, f"/cycles/{sealed.cycle.pk}").json()
    assert [report["kind"] for report in body["reports"]] == ["pdf", "xlsx"]


def test_a_row_code_leads_to_its_derivation(sealed: Month) -> None:
    line = line_of(sealed, "MOLI-2")
    for typed in (line.row_code, f" {line.row_code.replace('-', '–')} "):
        body = get(sealed.cast.operator_jasmine, "/rows", code=typed).json()
        assert (body["row_code"], body["amount"]) == (line.row_code, str(line.amount))
    assert (body["institution_name"], body["child_name"]) == ("嵊州市茉莉托育中心", "欧***")
    part = body["line"]
    assert body["adjustment"] is None
    assert str(line.amount) in part["explanation"]["text"]
    assert len(part["explanation"]["days"]) == 31
    assert part["attended_days"] == line.attended_days
    counted = [day for day in part["explanation"]["days"] if day["status"] == "counted"]
    assert len(counted) == line.attended_days
    assert all(day["reason"] for day in part["explanation"]["days"])
    live = get(sealed.cast.operator_jasmine, f"/lines/{part['line_id']}").json()
    assert live["amount"] == body["amount"]
    assert re.fullmatch(r"[0-9a-f]{64}", body["seal"]["month_root"])


def test_every_line_on_paper_resolves(sealed: Month) -> None:
    for line in SnapshotLine.objects.select_related("statement"):
        body = get(sealed.cast.auditor, "/rows", code=line.row_code).json()
        assert (body["amount"], body["institution_name"]) == (
            str(line.amount),
            line.statement.institution_name,
        )


@pytest.mark.parametrize("name", ["operator_bamboo", "town_luoshan", "stranger"])
def test_a_row_of_somebody_else_reads_like_none(sealed: Month, name: str) -> None:
    user, code = getattr(sealed.cast, name), line_of(sealed, "MOLI-1").row_code
    outside, nowhere = get(user, "/rows", code=code), get(user, "/rows", code="330683-202610-99999")
    assert_problem(outside, 404, "row_not_found")
    assert outside.json() == nowhere.json()


@pytest.mark.parametrize(
    "code", ["1", "330683-202610", "王小明", "330683-202610-٠٠٠٠١", "330683-202610-A0001x"]
)
def test_a_code_that_is_none_is_told_how_to_write_it(sealed: Month, code: str) -> None:
    problem = assert_problem(get(sealed.cast.auditor, "/rows", code=code), 400, "row_code_invalid")
    assert "330683-202610-00042" in problem["detail"]
    assert "王小明" not in problem["detail"]


def test_statistics_of_the_year(sealed: Month) -> None:
    for axis in ("institution", "township", "grade", "class", "month"):
        body = get(sealed.cast.auditor, "/statistics", by=axis, **YEAR).json()
        assert body["total"]["figures"]["amount"] == "1065.28"
        assert (body["sealed"], body["compared"], body["next"]) == (["2026-10"], [], None)
        assert {row["before"] for row in body["results"]} == {None}
    first = get(sealed.cast.auditor, "/statistics", limit=2, **YEAR).json()
    second = get(sealed.cast.auditor, "/statistics", limit=2, cursor=first["next"], **YEAR).json()
    assert [len(first["results"]), len(second["results"]), second["next"]] == [2, 1, None]
    assert first["total"] == second["total"]
    own = get(sealed.cast.town_sanjiang, "/statistics", **YEAR).json()
    assert [row["label"] for row in own["results"]] == ["嵊州市茉莉托育中心"]
    assert own["total"]["figures"]["amount"] == "815.28"


def test_statistics_of_a_year_without_a_month(sealed: Month) -> None:
    body = get(sealed.cast.auditor, "/statistics", first="2020-01", last="2020-12").json()
    assert (body["results"], body["sealed"], body["total"]["figures"]["amount"]) == ([], [], "0.00")
    other = get(sealed.cast.auditor, "/statistics", county="330604000000", **YEAR).json()
    assert other["results"] == []


def test_a_wrong_period_and_a_foreign_cursor_are_refused(sealed: Month) -> None:
    user = sealed.cast.auditor
    assert_problem(get(user, "/statistics", first="2026-12", last="2026-01"), 400, "period_invalid")
    assert_problem(get(user, "/statistics", first="2026-12"), 400, "invalid_input")
    cursor = get(user, "/statistics", limit=1, **YEAR).json()["next"]
    response = get(user, "/statistics", limit=1, by="month", cursor=cursor, **YEAR)
    assert response.status_code == 400


def test_the_file_of_the_statistics(sealed: Month) -> None:
    response = get(sealed.cast.leader, "/statistics/file", **YEAR)
    assert response.status_code == 200
    assert response.content[:4] == b"PK\x03\x04"
    assert "2026-01_2026-12" in response["Content-Disposition"]
    assert get(sealed.cast.leader, "/statistics/file", **YEAR).content == response.content


def test_queries_are_pinned(sealed: Month) -> None:
    user = sealed.cast.county_one
    get(user, f"/statements/{sealed.jasmine.pk}/report")
    code = line_of(sealed, "MOLI-1").row_code
    found = {
        "sealed_row_retrieve": queries(client_of(user), "/rows", code=code),
        "statement_report_kept": queries(client_of(user), f"/statements/{sealed.jasmine.pk}/report"),
        "statistics_institution": queries(client_of(user), "/statistics", **YEAR),
        "statistics_class": queries(client_of(user), "/statistics", by="class", **YEAR),
        "statistics_file": queries(client_of(user), "/statistics/file", **YEAR),
        "late_month_list_sealed": queries(client_of(user), "/late"),
    }
    assert found == PINNED


@pytest.mark.parametrize("path", ["/rows?code={code}", "/reports/{report}/file"])
def test_one_row_does_not_load_the_whole_month(sealed: Month, path: str) -> None:
    """The header of a snapshot is the month's chain, alerts and corrections: hundreds of KB."""
    address = path.format(
        code=line_of(sealed, "MOLI-1").row_code, report=ReportFile.objects.get(kind="pdf").pk
    )
    with CaptureQueriesContext(connection) as asked:
        assert client_of(sealed.cast.auditor).get(API + address).status_code == 200
    read = [query["sql"] for query in asked.captured_queries if '"subsidy_snapshot"' in query["sql"]]
    assert read
    assert not any('"subsidy_snapshot"."header"' in sql for sql in read)


def test_every_figure_on_paper_leads_to_its_derivation(sealed: Month, tmp_path: Path) -> None:
    """As somebody would with the paper in hand: each row code typed in, each amount compared, each sum added up."""
    client = client_of(sealed.cast.auditor)
    county = stored_files.file_path(ReportFile.objects.get(kind="pdf").path).read_bytes()
    statement = get(sealed.cast.auditor, f"/statements/{sealed.jasmine.pk}/report")
    printed = rows_on(county, tmp_path)
    own = rows_on(b"".join(statement.streaming_content), tmp_path)
    assert (len(printed), len(own)) == (5, 3)
    assert own.items() <= printed.items()
    for code, amount in printed.items():
        assert client.get(f"{API}/rows", {"code": code}).json()["amount"] == str(amount), code
    assert sums_on(county, tmp_path) == {
        (first, last): sum(
            amount for code, amount in printed.items() if first <= code.rpartition("-")[2] <= last
        )
        for first, last in sums_on(county, tmp_path)
    }
    assert sum(sums_on(county, tmp_path).values()) == sum(printed.values()) == Decimal("1065.28")
