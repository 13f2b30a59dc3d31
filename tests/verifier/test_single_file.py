"""verifier/zhishan_verify.py as a stranger uses it: what it says of true files, of damaged ones, and of pairs of files."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from backend.apps.seals.domain.commitment import commitment
from backend.apps.seals.domain.documents import checks_hash, checks_line, read_document, value_text
from backend.apps.seals.domain.note import short_code
from backend.apps.seals.domain.package import Package, TreeText, join_lines
from backend.apps.seals.domain.proofs import row_proof, rows_file
from backend.apps.seals.domain.tree import leaf_hash
from backend.common.canonical import canonical_bytes
from tests.unit.test_seal_note import (
    OPENSSL_PUBLIC,
    OPENSSL_SIGNATURE,
    STANDARD_PUBLIC,
    STANDARD_SIGNATURE,
)
from tests.verifier.made import KEYS, make_package

FILE = Path(__file__).resolve().parents[2] / "verifier" / "zhishan_verify.py"


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zhishan_verify", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def say(verifier: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs the command on packages or bytes; gives exit status and what was printed (parsed with `--json`)."""

    def run(*files: Package | bytes, options: tuple[str, ...] = ("--json",)) -> tuple[int, Any]:
        paths = []
        for number, file in enumerate(files):
            path = tmp_path / f"{number}{'.zip' if isinstance(file, Package) else '.json'}"
            path.write_bytes(file.archive() if isinstance(file, Package) else file)
            paths.append(str(path))
        status = verifier.main([*options, *paths])
        printed = capsys.readouterr().out
        return status, json.loads(printed) if "--json" in options else printed

    return run


def changed(
    package: Package, tree: int, leaf: int, change: Callable[[dict[str, Any]], Any], *, checks: bool
) -> Package:
    """A document changed in the package, and with `checks` the line beside it made to agree."""
    text = package.trees[tree]
    lines, told = text.lines, text.checks[:-1].split("\n")
    document = read_document(lines[leaf])
    change(document)
    lines[leaf] = canonical_bytes(document).decode()
    if checks:
        columns = document["columns"]
        told[leaf] = checks_line(
            leaf_hash(lines[leaf].encode()), [value_text(columns[c]) for c in sorted(columns)]
        )
    trees = list(package.trees)
    trees[tree] = TreeText(join_lines(lines), join_lines(told))
    cover = {**package.cover, "checks": checks_hash(one.checks for one in trees)}
    return replace(package, cover=cover, trees=tuple(trees))


def amount(document: dict[str, Any]) -> None:
    document["columns"]["amount"] = "401.00"


def codes(answer: dict[str, Any]) -> list[str]:
    return [fault["code"] for fault in answer["faults"]]


def test_a_true_package(say: Callable[..., Any]) -> None:
    package = make_package()
    code = short_code(package.checkpoint.rpartition("\n\n")[0] + "\n")
    brought = ("--key", str(KEYS[0]), "--key", str(KEYS[1]), "--root", package.cover["root"], "--code", code)
    assert say(package, options=("--json", *brought)) == (0, {"ok": True, "faults": [], "differences": []})
    status, text = say(package, options=brought)
    assert status == 0
    assert "结论: 一致。330683000000 2026-10, 封存于 2026-11-05 09:00:00" in text
    assert "全月 3 行, 合计 750.00 元" in text
    assert f"签名有效: sm2 zhishan.test+{KEYS[1].id.hex()}" in text
    assert "公钥取自文件本身" not in text
    assert "公钥取自文件本身" in say(package, options=())[1]


def test_row_and_column_are_named(say: Callable[..., Any]) -> None:
    forged = changed(make_package(), 1, 1, amount, checks=False)
    status, answer = say(forged)
    assert (status, answer["faults"]) == (
        1,
        [{"code": "row", "tree": 1, "leaf": 1, "key": "330683-202610-00001", "fields": ["amount"]}],
    )
    assert "330683-202610-00001: 该行与封存时的散列不符 [字段: amount] (row)" in say(forged, options=())[1]


def test_a_row_made_to_agree_with_its_check_betrays_its_institution(say: Callable[..., Any]) -> None:
    _, answer = say(changed(make_package(), 1, 1, amount, checks=True))
    assert [(f["code"], f["tree"], f["key"]) for f in answer["faults"]] == [("tree", 1, "第1托育园")]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["columns"].update(rate_amount=""),  # NULL to empty
        lambda d: d["columns"].update(amount="400.0"),  # decimal scale
        lambda d: d["columns"].update(amount=400),
        lambda d: d["columns"].pop("rate_amount"),
        lambda d: d.update(key="330683-202610-00009"),
        lambda d: d.update(kind="statement"),
    ],
)
def test_whatever_is_changed_in_a_row(
    say: Callable[..., Any], change: Callable[[dict[str, Any]], Any]
) -> None:
    for checks in (False, True):
        status, answer = say(changed(make_package(), 1, 1, change, checks=checks))
        assert status == 1
        assert codes(answer) == (["tree"] if checks else ["row"])


def test_paper_and_keys(say: Callable[..., Any]) -> None:
    package = make_package()
    assert codes(say(package, options=("--json", "--root", "0" * 64))[1]) == ["printed"]
    assert codes(say(package, options=("--json", "--code", "0000-0000-0000-0000"))[1]) == ["printed"]
    assert codes(say(package, options=("--json", "--key", str(KEYS[0])))[1]) == []
    stranger = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert codes(say(package, options=("--json", "--key", stranger))[1]) == ["signature"]


def test_a_forged_signature(say: Callable[..., Any]) -> None:
    package = make_package()
    forged = replace(package, checkpoint=make_package(seed=2).checkpoint)
    assert codes(say(forged)[1]) == ["log"]
    body = package.checkpoint.rpartition("\n\n")[0]
    mixed = body + "\n\n" + make_package(seed=2).checkpoint.rpartition("\n\n")[2]
    assert codes(say(replace(package, checkpoint=mixed))[1]) == ["signature"]


def test_a_year_and_a_fork(say: Callable[..., Any]) -> None:
    october = make_package()
    november = make_package(seed=2, month="2026-11", before=tuple(october.log.splitlines()))
    december = make_package(seed=3, month="2026-12", before=tuple(november.log.splitlines()))
    assert say(december, october, november) == (0, {"ok": True, "faults": [], "differences": []})
    status, text = say(october, december, options=())
    assert (status, "年度日志中还有未提供的月份: 2026-11" in text) == (0, True)
    forked = make_package(seed=4, month="2026-11")
    assert codes(say(october, forked)[1]) == ["fork"]
    again = make_package(seed=5, month="2026-10", before=tuple(november.log.splitlines()))
    assert codes(say(november, again)[1]) == ["fork"]


def test_two_files_compared(say: Callable[..., Any]) -> None:
    package = make_package()

    def deeper(document: dict[str, Any]) -> None:
        document["columns"]["derivation"]["x"][1][3] = "351.00"

    forged = changed(changed(package, 1, 1, amount, checks=True), 1, 2, deeper, checks=False)
    answer = say(package, forged, options=("--compare", "--json"))[1]
    assert answer["differences"] == [
        ["330683-202610-00001", "amount", "400.00", "401.00"],
        ["330683-202610-00002", "derivation.x[1][3]", "350.00", "351.00"],
    ]
    assert say(package, package, options=("--compare", "--json"))[1]["differences"] == []
    text = say(package, forged, options=("--compare",))[1]
    assert "· 330683-202610-00001 amount: 400.00 → 401.00" in text


# --- own rows --------------------------------------------------------------------------------------------
def own(package: Package, tree: int = 1, **further: Any) -> dict[str, Any]:
    month = package.trees[0].lines
    return rows_file(
        documents=package.trees[tree].lines,
        month=month,
        institution_index=len(month) - len(package.trees) + tree,
        log=package.log.splitlines(),
        entry_index=package.cover["entry"],
        checkpoint=package.checkpoint,
        keys=package.cover["keys"],
        **further,
    )


def test_own_rows_and_a_single_proof(say: Callable[..., Any]) -> None:
    package = make_package()
    assert say(canonical_bytes(own(package)))[0] == 0
    month = package.trees[0].lines
    proof = row_proof(
        documents=package.trees[1].lines,
        index=2,
        month=month,
        institution_index=len(month) - 2,
        log=package.log.splitlines(),
        entry_index=1,
        checkpoint=package.checkpoint,
        keys=package.cover["keys"],
    )
    status, text = say(canonical_bytes(proof), options=())
    assert (status, "本文件 1 条记录逐条相符" in text) == (0, True)
    for name, code in (("row", "path"), ("month", "path"), ("log", "path")):
        for spoil in ({"index": 0, "size": 99}, {"path": ""}):
            wrong = {**proof, name: {**proof[name], **spoil}}
            assert codes(say(canonical_bytes(wrong))[1]) == [code]
    wrong = {**proof, "document": package.trees[1].lines[1]}
    assert codes(say(canonical_bytes(wrong))[1]) == ["path"]


def test_own_rows_of_another_month_or_institution_do_not_fit(say: Callable[..., Any]) -> None:
    package, other = make_package(), make_package(seed=9)
    mine = own(package)
    assert codes(say(canonical_bytes({**mine, "documents": package.trees[2].lines}))[1]) == ["tree"]
    assert codes(say(canonical_bytes({**mine, "institution": other.trees[0].lines[2]}))[1]) == ["tree"]
    assert codes(say(canonical_bytes({**mine, "entry": own(other)["entry"]}))[1]) == ["path"]
    assert codes(say(canonical_bytes({**mine, "checkpoint": other.checkpoint}))[1]) == ["path"]
    assert codes(say(canonical_bytes(mine)[:-1])[1]) == ["entries"]


def test_a_wrong_opening_is_named(verifier: ModuleType) -> None:
    salt = b"0123456789abcdef"
    held = {"columns": {"child_name": {"commit": commitment(salt, '"王小明"'.encode())}}}
    rows = verifier.OwnRows.__new__(verifier.OwnRows)
    rows.institution, rows.documents = {"tree": 1}, [{}, held]
    rows.file = {"openings": {"1": {"child_name": [salt.hex(), "王小明"]}}}
    rows._openings()
    rows.file = {"openings": {"1": {"child_name": [salt.hex(), "王小朋"]}}}
    with pytest.raises(verifier.Stop) as caught:
        rows._openings()
    assert caught.value.faults == [verifier.Fault("opening", 1, 1, fields=["child_name"])]


def test_rows_an_institution_kept_show_what_was_changed_in_the_package(say: Callable[..., Any]) -> None:
    package = make_package()
    kept = canonical_bytes(own(package))
    forged = changed(package, 1, 1, amount, checks=True)
    answer = say(kept, forged, options=("--compare", "--json"))[1]
    assert answer["differences"] == [["330683-202610-00001", "amount", "400.00", "401.00"]]


# --- alone -----------------------------------------------------------------------------------------------
def test_vectors_of_the_standards(verifier: ModuleType) -> None:
    public = b"\x04" + b"".join(word.to_bytes(32, "big") for word in STANDARD_PUBLIC)
    assert verifier.sm2_good(public, STANDARD_SIGNATURE, b"message digest")
    assert not verifier.sm2_good(public, STANDARD_SIGNATURE, b"message digesT")
    assert verifier.sm2_good(OPENSSL_PUBLIC, OPENSSL_SIGNATURE, "智剡托育 2026-10".encode())
    assert verifier._slow_sm3(b"abcd" * 16) == verifier.sm3(b"abcd" * 16)
    # RFC 8032, 7.1, test 3.
    key = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert verifier.ed25519_good(key, signature, bytes.fromhex("af82"))
    assert not verifier.ed25519_good(key, signature, bytes.fromhex("af83"))
    assert not verifier.ed25519_good(key, signature[:-1] + b"\xff", bytes.fromhex("af82"))


def test_it_needs_nothing_but_python(tmp_path: Path) -> None:
    """In an empty folder, isolated from every installed package."""
    (tmp_path / "month.zip").write_bytes(make_package().archive())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(FILE), "month.zip", "--key", str(KEYS[1])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    assert "结论: 一致" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["month.zip"]


def test_wrong_commands(say: Callable[..., Any], tmp_path: Path, verifier: ModuleType) -> None:
    for arguments in (["missing.zip"], ["--compare", "a.zip"], ["--key", "nonsense", str(FILE)]):
        with pytest.raises(SystemExit) as caught:
            verifier.main(arguments)
        assert caught.value.code == 2
