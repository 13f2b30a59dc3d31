"""What a run really used, collected from every test process, for the report at its end."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

KINDS = ("database", "broker", "browser")
USED = pytest.StashKey[dict[str, set[str]]]()


def record(config: pytest.Config, kind: str, text: str) -> None:
    config.stash.setdefault(USED, {}).setdefault(kind, set()).add(text)


def to_controller(config: pytest.Config) -> None:
    """In an xdist worker: hand over what was recorded."""
    found = config.stash.get(USED, {})
    config.workeroutput["used"] = {kind: sorted(texts) for kind, texts in found.items()}  # type: ignore[attr-defined]  # set by xdist


def from_worker(config: pytest.Config, node: Any) -> None:
    for kind, texts in getattr(node, "workeroutput", {}).get("used", {}).items():
        for text in texts:
            record(config, kind, text)


def sentence(config: pytest.Config) -> str:
    found = config.stash.get(USED, {})
    return " · ".join(f"{kind}: {', '.join(sorted(found.get(kind, ()))) or 'none'}" for kind in KINDS)


def write_report(config: pytest.Config, counts: dict[str, int]) -> None:
    """One JSON file for `make test`, which sums up several runs."""
    target = os.environ.get("ZHISHAN_TEST_REPORT")
    if target:
        found = config.stash.get(USED, {})
        report = {"counts": counts, **{kind: sorted(found.get(kind, ())) for kind in KINDS}}
        Path(target).write_text(json.dumps(report, ensure_ascii=False))
