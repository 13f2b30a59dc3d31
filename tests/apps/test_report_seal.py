"""The report of a sealed month carries its witness: short code, root, key ids and a QR code that says the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.apps.reporting.selectors.month import report_month
from backend.apps.reporting.services.pdf import qr_picture, report_html, report_pdf
from backend.apps.seals.domain.note import Key
from backend.apps.subsidy.models import Snapshot
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


def test_the_picture_says_what_is_printed(sealed: Sealed) -> None:
    month = report_month(Snapshot.objects.get())
    assert month.seal is not None
    assert month.seal.scanned == f"zhishan-seal 330683000000 2026-10 {sealed.seal.code} {sealed.seal.root}"
    html = report_html(month, [], detail_name="x", family="Noto Serif CJK SC")
    picture = qr_picture(month.seal.scanned)
    assert picture.startswith("data:image/svg+xml")
    assert picture != qr_picture(month.seal.scanned + "x")
    assert html.count("<img") == 1


def test_a_month_that_was_never_sealed_prints_no_witness(sealed: Sealed) -> None:
    month = replace(report_month(Snapshot.objects.get()), seal=None)
    assert "封存凭证" not in report_html(month, [], detail_name="x", family="Noto Serif CJK SC")
