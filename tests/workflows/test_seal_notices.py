"""After the evaluation the short code leaves the machine, the package is kept, and tampering reaches people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import outbox_drain
from backend.apps.messaging.models import Message
from backend.apps.seals.models import Seal, SealCopy
from backend.apps.seals.services import seals_watch
from tests.apps.sealed import Sealed, make_sealed, tamper
from workflows.messages import HANDLERS

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed() -> Sealed:
    return make_sealed()


def said(kind: str) -> list[tuple[str, str, str]]:
    rows = Message.objects.filter(kind=kind).order_by("recipient__username")
    return list(rows.values_list("recipient__display_name", "title", "body"))


def test_the_code_goes_to_evaluator_leaders_and_auditors(sealed: Sealed) -> None:
    outbox_drain(handlers=HANDLERS)
    outbox_drain(handlers=HANDLERS)
    found = said("month_sealed")
    assert sealed.month.cast.evaluator.display_name in [person for person, _, _ in found]
    assert {title for _, title, _ in found} == {f"嵊州市 2026-10 已封存, 简码 {sealed.seal.code}"}
    assert all(sealed.seal.root in body for _, _, body in found)
    assert len(found) == len({person for person, _, _ in found})


def test_the_package_is_kept_by_the_outbox_too(sealed: Sealed, settings: Any) -> None:
    outbox_drain(handlers=HANDLERS)
    assert SealCopy.objects.get().location == "directory"
    assert Delivery.objects.get(topic="seals.backup").receipt == "directory"


def test_a_location_that_fails_is_tried_again(sealed: Sealed, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    adapter = "integrations.backup_directory.adapter.DirectoryStore"
    good = settings.SEAL_BACKUPS["directory"]
    settings.SEAL_BACKUPS = {
        "directory": good,
        "other": {"adapter": adapter, "folder": str(tmp_path / "file")},
    }
    outbox_drain(handlers=HANDLERS)
    row = Delivery.objects.get(topic="seals.backup")
    assert (row.state, row.attempts, SealCopy.objects.count()) == (Delivery.State.PENDING, 1, 1)


def test_tampering_reaches_those_who_can_act(sealed: Sealed) -> None:
    outbox_drain(handlers=HANDLERS)
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    seals_watch()
    outbox_drain(handlers=HANDLERS)
    found = said("seal_tampered")
    assert sealed.month.cast.evaluator.display_name in [person for person, _, _ in found]
    assert {title for _, title, _ in found} == {"封存异常: 2026-10 1 处"}
    assert {body for _, _, body in found} == {
        "subsidy_snap_line 330683-202610-00002 amount 400.00 → 401.00 (与封存时不符)"
    }
    seals_watch()
    outbox_drain(handlers=HANDLERS)
    assert len(said("seal_tampered")) == len(found)


def test_a_table_changed_as_a_whole_is_one_message(sealed: Sealed) -> None:
    tamper("UPDATE subsidy_snap_line SET amount = amount + 1")
    seals_watch()
    outbox_drain(handlers=HANDLERS)
    ((title, body),) = {(title, body) for _, title, body in said("seal_tampered")}
    assert title == "封存异常: 2026-10 6 处"
    assert body.endswith("; 另有 3 处")
    assert Seal.objects.count() == 1
