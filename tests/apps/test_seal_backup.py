"""seal_backup: every location holds the checked package, one location is enough, another history is never overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.apps.audit.models import AuditEvent
from backend.apps.seals.models import Seal, SealCopy
from backend.apps.seals.selectors.stores import package_path
from backend.apps.seals.services import seal_backup
from backend.apps.seals.services.packaging import seal_package
from backend.common.errors import Conflict, Unavailable
from integrations.s3 import client
from integrations.s3.fake import running
from tests.apps.sealed import Sealed, make_sealed, tamper

pytestmark = pytest.mark.django_db
PATH = "330683000000/2026/330683000000-2026-10.zip"


@pytest.fixture
def sealed() -> Sealed:
    return make_sealed()


@pytest.fixture
def folder(settings: Any) -> Path:
    return Path(settings.SEAL_BACKUPS["directory"]["folder"])


def test_the_package_is_written_checked_and_noted_once(sealed: Sealed, folder: Path) -> None:
    assert package_path(sealed.seal) == PATH
    for _ in range(2):
        summary = seal_backup(seal_id=sealed.seal.pk)
        assert (summary.written, summary.failed) == (("directory",), ())
    assert (folder / PATH).read_bytes() == seal_package(sealed.seal).archive()
    copy = SealCopy.objects.get()
    assert (copy.location, copy.path, copy.size) == ("directory", PATH, (folder / PATH).stat().st_size)
    assert AuditEvent.objects.filter(action="seals.package.written").count() == 1


def test_a_lost_package_is_written_again(sealed: Sealed, folder: Path) -> None:
    seal_backup(seal_id=sealed.seal.pk)
    before = (folder / PATH).read_bytes()
    (folder / PATH).unlink()
    seal_backup(seal_id=sealed.seal.pk)
    assert (folder / PATH).read_bytes() == before


def test_one_location_is_enough(sealed: Sealed, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAUSE_SECONDS", 0)
    with running() as s3:
        settings.SEAL_BACKUPS = {**settings.SEAL_BACKUPS, "s3": s3.options}
        s3.failures = [503] * 3
        summary = seal_backup(seal_id=sealed.seal.pk)
        assert summary.written == ("directory",)
        assert summary.failed == (("s3", "对象存储没有应答 (HTTP 503)"),)
        summary = seal_backup(seal_id=sealed.seal.pk)
        assert (summary.written, summary.failed) == (("directory", "s3"), ())
        assert s3.objects == {PATH: seal_package(sealed.seal).archive()}
    assert set(SealCopy.objects.values_list("location", flat=True)) == {"directory", "s3"}


def test_no_location_is_not_a_backup(sealed: Sealed, settings: Any, tmp_path: Path) -> None:
    settings.SEAL_BACKUPS = {}
    with pytest.raises(Unavailable) as caught:
        seal_backup(seal_id=sealed.seal.pk)
    assert caught.value.code == "seal_backup_missing"
    (tmp_path / "file").write_bytes(b"")
    adapter = "integrations.backup_directory.adapter.DirectoryStore"
    settings.SEAL_BACKUPS = {"directory": {"adapter": adapter, "folder": str(tmp_path / "file")}}
    with pytest.raises(Unavailable) as caught:
        seal_backup(seal_id=sealed.seal.pk)
    assert caught.value.code == "seal_backup_failed"
    assert SealCopy.objects.count() == 0


def test_a_store_that_loses_bytes_is_noticed(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    from integrations.backup_directory.adapter import DirectoryStore

    real = DirectoryStore.put
    monkeypatch.setattr(DirectoryStore, "put", lambda self, path, data: real(self, path, data[:-1]))
    with pytest.raises(Unavailable, match="读回的内容不同"):
        seal_backup(seal_id=sealed.seal.pk)
    assert SealCopy.objects.count() == 0


def test_another_package_of_the_month_is_not_overwritten(sealed: Sealed, folder: Path) -> None:
    (folder / PATH).parent.mkdir(parents=True)
    (folder / PATH).write_bytes(b"another history")
    with pytest.raises(Conflict) as caught:
        seal_backup(seal_id=sealed.seal.pk)
    assert caught.value.code == "seal_package_differs"
    assert (folder / PATH).read_bytes() == b"another history"


def test_a_tampered_copy_is_not_packed(sealed: Sealed, folder: Path) -> None:
    tamper("UPDATE seal_tree SET documents = REPLACE(documents, '400.00', '401.00') WHERE number = 1")
    with pytest.raises(Conflict) as caught:
        seal_backup(seal_id=sealed.seal.pk)
    assert caught.value.code == "seal_damaged"
    assert not (folder / PATH).exists()


def test_only_the_encrypted_part_may_change(sealed: Sealed, folder: Path) -> None:
    seal_backup(seal_id=sealed.seal.pk)
    tamper("UPDATE seal_private SET ciphertext = '' WHERE number = 1")
    seal_backup(seal_id=sealed.seal.pk)
    assert (folder / PATH).read_bytes() == seal_package(Seal.objects.get()).archive()
