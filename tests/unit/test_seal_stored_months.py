"""重算零差 over versions: months sealed by earlier versions work out the same today, and still verify."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from backend.apps.seals.domain.package import read_package
from backend.apps.seals.selectors.keys import trusted_keys
from backend.apps.seals.services.replaying import package_replay

ROOT = Path(__file__).resolve().parents[2]
MONTHS = sorted((ROOT / "tests" / "data" / "sealed_months").glob("*.zip"))


def test_there_are_stored_months() -> None:
    assert len(MONTHS) >= 3


@pytest.mark.parametrize("path", MONTHS, ids=[path.stem for path in MONTHS])
def test_zero_differences(path: Path) -> None:
    replay = package_replay(read_package(path.read_bytes()))
    assert (replay.differences, replay.problem, replay.late) == ((), "", 0)
    assert replay.lines >= 30


@pytest.mark.parametrize("path", MONTHS, ids=[path.stem for path in MONTHS])
def test_the_verifier_for_strangers_accepts_it(path: Path) -> None:
    spec = importlib.util.spec_from_file_location("zhishan_verify", ROOT / "verifier" / "zhishan_verify.py")
    assert spec is not None
    assert spec.loader is not None
    verifier = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verifier)
    found = verifier.Package(path.read_bytes(), [verifier.Key(str(key)) for key in trusted_keys()])
    assert found.faults == []
    assert [key.algorithm for key in found.good] == ["ed25519", "sm2"]
