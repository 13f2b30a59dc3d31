"""verifier/verify.html: says what the single file says, and works from a folder without any network."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from backend.apps.seals.domain.archive import archive_bytes, archive_entries
from backend.apps.seals.domain.note import short_code
from backend.apps.seals.domain.sm3 import sm3
from backend.common.canonical import canonical_bytes
from tests.verifier.made import KEYS, make_package
from tests.verifier.test_agreement import flipped, flips_of, product_says, verdict
from tests.verifier.test_single_file import amount, changed, own

PAGE = Path(__file__).resolve().parents[2] / "verifier" / "verify.html"
SAMPLE = 300


def ask_page(files: list[bytes], **questions: Any) -> dict[str, Any]:
    asked = {
        "files": [base64.b64encode(data).decode() for data in files],
        "keys": [str(key) for key in KEYS],
        **questions,
    }
    done = subprocess.run(
        ["node", str(PAGE.parents[1] / "tests" / "verifier" / "page.mjs"), str(PAGE)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_it_agrees_on_flipped_bits() -> None:
    archive = make_package().archive()
    entries = archive_entries(archive)
    chance = random.Random(8)
    files, expected = [archive], [product_says(archive)]
    for entry, byte, bit in chance.sample(flips_of(entries, archive, chance), SAMPLE):
        if entry < 0:
            files.append(flipped(archive, byte, bit))
        else:
            spoiled = list(entries)
            spoiled[entry] = (spoiled[entry][0], flipped(spoiled[entry][1], byte, bit))
            files.append(archive_bytes(spoiled))
        expected.append(product_says(files[-1]))
    answers = ask_page(files)
    assert [verdict(answer["faults"]) for answer in answers["files"]] == expected
    assert expected[0] == []
    assert all(expected[1:])


def test_hashes_and_code() -> None:
    package = make_package()
    answers = ask_page([package.archive()])
    text = ("智剡托育" * 40).encode()
    assert answers["hashes"] == [
        sm3(text).hex(),
        hashlib.sha256(text).hexdigest(),
        hashlib.sha512(text).hexdigest(),
    ]
    assert answers["files"][0]["code"] == short_code(package.checkpoint.rpartition("\n\n")[0] + "\n")


def test_own_rows_comparison_and_chain() -> None:
    october = make_package()
    forged = changed(october, 1, 1, amount, checks=True)
    november = make_package(seed=2, month="2026-11", before=tuple(october.log.splitlines()))
    forked = make_package(seed=4, month="2026-11")
    mine = own(october)
    files = [
        *(package.archive() for package in (october, forged, november, forked)),
        canonical_bytes(mine),
        canonical_bytes({**mine, "documents": october.trees[2].lines}),
        canonical_bytes({**mine, "openings": {"1": {"child_name": ["00" * 16, "王小明"]}}}),
    ]
    answers = ask_page(files, pairs=[[0, 1], [4, 1], [0, 0]], chain=[2, 0])
    assert [[f["code"] for f in file["faults"]] for file in answers["files"]] == [
        [], ["tree"], [], [], [], ["tree"], ["opening"],
    ]  # fmt: skip
    difference = ["330683-202610-00001", "amount", "400.00", "401.00"]
    assert answers["compared"] == [[difference], [difference], []]
    assert answers["chain"] == {"faults": [], "missing": []}
    assert [f["code"] for f in ask_page(files[:4], chain=[0, 3])["chain"]["faults"]] == ["fork"]


def test_it_can_load_nothing_from_anywhere() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert re.findall(r"(?:src|href)=|https?:|@import|url\(", text) == []


@pytest.mark.browser
def test_a_person_checks_two_files(page: Any, tmp_path: Path) -> None:
    package = make_package()
    forged = changed(package, 1, 1, amount, checks=False)
    true_file, forged_file = tmp_path / "封存包.zip", tmp_path / "收到的包.zip"
    true_file.write_bytes(package.archive())
    forged_file.write_bytes(forged.archive())
    requests: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text))
    page.goto(PAGE.as_uri())
    page.set_input_files("#files", [str(true_file), str(forged_file)])
    page.locator(".verdict").nth(2).wait_for()
    assert page.locator(".verdict").all_inner_texts() == ["一致", "不符", "1 处不同"]
    text = page.locator("#results").inner_text()
    assert "330683-202610-00001：该行与封存时的散列不符 [字段：amount]" in text
    assert "3 行，合计 750.00 元" in text
    page.locator("summary").click()
    page.locator("#code").fill("0000-0000-0000-0000")
    page.locator("#code").blur()
    page.get_by_text("与纸面上的月根或简码不符").wait_for()
    page.locator("#code").fill(short_code(package.checkpoint.rpartition("\n\n")[0] + "\n"))
    page.locator("#keys").fill("\n".join(str(key) for key in KEYS))
    page.locator("#keys").blur()
    page.locator(".verdict.good").wait_for()
    assert "公钥取自文件本身" not in page.locator("#results").inner_text()
    assert requests == [PAGE.as_uri()]
    assert troubles == []
