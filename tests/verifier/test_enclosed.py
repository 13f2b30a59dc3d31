"""A report or a statement given to the verifiers as it is: they find what the PDF encloses, and say when there is nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from weasyprint import HTML, Attachment

from tests.verifier.made import make_package
from tests.verifier.test_page import ask_page
from tests.verifier.test_single_file import verifier

__all__ = ["verifier"]  # the fixture
ARCHIVE = make_package().archive()


def pdf_with(*files: tuple[str, bytes]) -> bytes:
    """As the reports are made: PDF/A-3, the file enclosed."""
    attached = [Attachment(string=data, name=name, relationship="Source") for name, data in files]
    found: bytes = HTML(string="<h1>核定报告</h1>").write_pdf(pdf_variant="pdf/a-3b", attachments=attached)
    return found


REPORT = pdf_with(("330683000000-2026-10.zip", ARCHIVE))
PLAIN = HTML(string="<p>/Type /EmbeddedFile stream</p>").write_pdf()
DAMAGED = REPORT.replace(b"stream\nx\x9c", b"stream\nx\x9d").replace(b"stream\nx\xda", b"stream\nx\xdb")


def page_of(*files: bytes) -> list[bytes | None]:
    answers = ask_page([ARCHIVE], pdfs=[base64.b64encode(data).decode() for data in files])["enclosed"]
    return [None if text is None else base64.b64decode(text) for text in answers]


def test_both_take_the_same_bytes_out(verifier: Any) -> None:
    own = json.dumps({"format": "zhishan/seal-rows/1"}).encode()
    statement = pdf_with(("机构.json", own))
    assert page_of(REPORT, statement, PLAIN) == [ARCHIVE, own, None]
    assert [verifier.enclosed(data) for data in (REPORT, statement, PLAIN)] == [ARCHIVE, own, None]


def test_the_report_itself_is_checked(tmp_path: Any, verifier: Any, capsys: Any) -> None:
    path = tmp_path / "核定报告.PDF"
    path.write_bytes(REPORT)
    assert verifier.main([str(path)]) == 0
    printed = capsys.readouterr().out
    assert "结论: 一致" in printed
    assert "按行编码" in printed
    path.write_bytes(DAMAGED)
    assert verifier.main([str(path)]) == 1
    assert DAMAGED != REPORT
    assert page_of(DAMAGED) == [b""]


def test_another_pdf_is_not_called_false(tmp_path: Any, verifier: Any, capsys: Any) -> None:
    """It holds nothing to check: exit status 2 and a sentence, not 不符."""
    path = tmp_path / "通知.pdf"
    path.write_bytes(PLAIN)
    with pytest.raises(SystemExit) as stopped:
        verifier.main([str(path)])
    assert stopped.value.code == 2
    assert "没有附带封存数据" in capsys.readouterr().err
