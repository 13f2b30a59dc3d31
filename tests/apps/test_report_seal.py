"""The report of a sealed month carries its witness: short code, root, key ids and a QR code that says the same."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pikepdf
import pytest

from backend.apps.reporting.models import ReportFile
from backend.apps.reporting.selectors.month import report_month
from backend.apps.reporting.services import report_build
from backend.apps.reporting.services.pdf import qr_picture, report_html, report_pdf
from backend.apps.reporting.services.printing import Enclosed
from backend.apps.seals.domain.note import Key
from backend.apps.subsidy.models import Snapshot
from backend.common import stored_files
from tests.apps.archive_rules import broken_rules
from tests.apps.papers import text_of
from tests.apps.sealed import Sealed, make_sealed

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed() -> Sealed:
    return make_sealed()


def test_code_root_and_keys_are_printed(sealed: Sealed, tmp_path: Path) -> None:
    month = report_month(Snapshot.objects.get())
    pdf = report_pdf(month, [], detail_name="明细.xlsx")
    text = text_of(pdf, tmp_path)
    assert "七、封存凭证" in text
    assert sealed.seal.code in text
    assert sealed.seal.root in text
    for key in map(Key.parse, sealed.seal.keys):
        assert f"{key.name}+{key.id.hex()}" in text
    assert report_pdf(month, [], detail_name="明细.xlsx") == pdf


def test_the_enclosed_rows_verify_against_the_printed_root(sealed: Sealed, tmp_path: Path) -> None:
    """PDF/A-3: whoever has the paper's file has the month's rows, without anybody's name."""
    report_build(cycle_id=sealed.month.cycle.pk)
    pdf = ReportFile.objects.get(kind="pdf")
    path = stored_files.file_path(pdf.path)
    assert broken_rules(path.read_bytes()) == []
    with pikepdf.open(path) as document:
        (enclosed,) = document.Root.AF
        assert (str(enclosed.F), str(enclosed.AFRelationship)) == ("330683000000-2026-10.zip", "/Data")
        at = sealed.snapshot.cycle.evaluation.at
        assert str(enclosed.EF.F.Params.ModDate) == f"D:{at.astimezone(UTC):%Y%m%d%H%M%S}Z"
        data = enclosed.EF.F.read_bytes()
    rows = tmp_path / "rows.zip"
    rows.write_bytes(data)
    assert b"private.jsonl" not in data
    verifier = Path(__file__).parents[2] / "verifier" / "zhishan_verify.py"
    keys = [argument for key in sealed.seal.keys for argument in ("--key", key)]
    for root, status in ((sealed.seal.root, 0), ("0" * 64, 1)):
        asked = [sys.executable, str(verifier), str(rows), "--root", root, "--code", sealed.seal.code, *keys]
        assert subprocess.run(asked, capture_output=True, check=False).returncode == status


def test_the_rules_notice_what_breaks_them(sealed: Sealed) -> None:
    month = report_month(Snapshot.objects.get())
    enclosed = Enclosed("a.zip", "a", b"PK", month.evaluated_at)
    pdf = report_pdf(month, [], detail_name="明细.xlsx", enclosed=enclosed)
    assert broken_rules(pdf) == []

    def without(change: Callable[[pikepdf.Pdf], None]) -> list[str]:
        target = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf)) as document:
            change(document)
            document.save(target)
        return broken_rules(target.getvalue())

    def twice(document: pikepdf.Pdf) -> None:
        document.Root.AF.append(document.Root.AF[0])

    def other_title(document: pikepdf.Pdf) -> None:
        document.docinfo["/Title"] = "别的"

    def script(document: pikepdf.Pdf) -> None:
        document.Root.OpenAction = document.make_indirect(
            pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="1")
        )

    def bare_font(document: pikepdf.Pdf) -> None:
        font = next(iter(document.pages[0].Resources.Font.values()))
        del font.DescendantFonts[0].FontDescriptor.FontFile3

    def no_intent(document: pikepdf.Pdf) -> None:
        del document.Root.OutputIntents

    assert without(twice) == ["6.8 each enclosed file once in /AF"]
    assert without(other_title) == ["6.6.3 dc:title"]
    assert without(script) == ["6.6.1 /JavaScript"]
    assert without(bare_font)[0].endswith("is not embedded")
    assert without(no_intent) == ["6.2.3 output intent"]


def test_the_picture_says_what_is_printed(sealed: Sealed) -> None:
    month = report_month(Snapshot.objects.get())
    assert month.seal is not None
    assert month.seal.scanned == f"zhishan-seal 330683000000 2026-10 {sealed.seal.code} {sealed.seal.root}"
    html = report_html(month, detail_name="x", family="Noto Serif CJK SC")
    picture = qr_picture(month.seal.scanned)
    assert picture.startswith("data:image/svg+xml")
    assert picture != qr_picture(month.seal.scanned + "x")
    assert html.count("<img") == 1


def test_a_month_that_was_never_sealed_prints_no_witness(sealed: Sealed) -> None:
    month = replace(report_month(Snapshot.objects.get()), seal=None)
    assert "封存凭证" not in report_html(month, detail_name="x", family="Noto Serif CJK SC")
