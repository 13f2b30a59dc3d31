"""The two backup locations: whole or nothing, signed by the book, and clear about who is to blame."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.apps.seals.ports import StoreError
from integrations.backup_directory.adapter import DirectoryStore
from integrations.s3 import client
from integrations.s3.adapter import S3Store
from integrations.s3.fake import FakeS3, running
from integrations.s3.signing import authorization, stamp

PATH = "330683000000/2026/330683000000-2026-10.zip"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    monkeypatch.setattr(client, "PAUSE_SECONDS", 0)
    with running() as server:
        yield server


def store_of(server: FakeS3, **changed: str) -> S3Store:
    options = {**server.options, **changed}
    del options["adapter"]
    return S3Store(**options)


# --- both ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["directory", "s3", "s3 with prefix"])
def test_what_is_put_is_got_and_listed(kind: str, tmp_path: Path, s3: FakeS3) -> None:
    store = (
        DirectoryStore(folder=str(tmp_path / "seals"))
        if kind == "directory"
        else store_of(s3, prefix="县/包" if "prefix" in kind else "")
    )
    assert store.get(PATH) is None
    assert list(store.paths("330683000000/")) == []
    for number in range(1, 9):
        store.put(f"330683000000/2026/{number}.zip", bytes([number]) * 1_000)
    store.put(PATH, b"PK first")
    store.put(PATH, b"PK second")
    assert store.get(PATH) == b"PK second"
    names = [*(f"330683000000/2026/{number}.zip" for number in range(1, 9)), PATH]
    assert sorted(store.paths("330683000000/")) == sorted(names)
    assert list(store.paths("330600000000/")) == []


# --- folder ----------------------------------------------------------------------------------------------
def test_a_write_that_fails_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryStore(folder=str(tmp_path))
    store.put(PATH, b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="写入失败"):
        store.put(PATH, b"new")
    assert store.get(PATH) == b"old"
    assert list(store.paths("")) == [PATH]
    assert [path.name for path in (tmp_path / PATH).parent.iterdir()] == [Path(PATH).name]


def test_file_and_folders_go_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the folder's own fsync a power cut may forget the new name."""
    synced: list[str] = []
    real = os.fsync

    def note(handle: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real(handle)

    monkeypatch.setattr(os, "fsync", note)
    DirectoryStore(folder=str(tmp_path / "seals")).put("a/b/c.zip", b"x")
    assert synced == ["file", "folder", "folder", "folder"]


def test_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = DirectoryStore(folder=str(tmp_path / "file"))
    with pytest.raises(StoreError):
        store.put(PATH, b"x")
    with pytest.raises(StoreError):
        DirectoryStore(folder=str(tmp_path)).get(".")


# --- S3 --------------------------------------------------------------------------------------------------
def test_signature_of_the_published_example() -> None:
    """GET Object of “Signature Calculations for the Authorization Header” in Amazon's S3 reference."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    found = authorization(
        method="GET",
        path="/test.txt",
        query={},
        headers={
            "host": "examplebucket.s3.amazonaws.com",
            "range": "bytes=0-9",
            "x-amz-content-sha256": empty,
            "x-amz-date": stamp(datetime(2013, 5, 24, tzinfo=UTC)),
        },
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    assert found.endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


def test_a_wrong_secret_is_refused_and_not_tried_again(s3: FakeS3) -> None:
    store = store_of(s3, secret_key="other")
    with pytest.raises(StoreError, match="HTTP 403") as caught:
        store.put(PATH, b"x")
    assert caught.value.permanent
    assert s3.log == [("PUT", PATH, 403)]
    assert s3.objects == {}


def test_a_missing_bucket_is_a_permanent_error(s3: FakeS3) -> None:
    store = store_of(s3, bucket="elsewhere")
    for ask in (lambda: store.put(PATH, b"x"), lambda: list(store.paths(""))):
        with pytest.raises(StoreError) as caught:
            ask()
        assert caught.value.permanent


def test_a_busy_store_is_asked_three_times(s3: FakeS3) -> None:
    store = store_of(s3)
    s3.failures = [503, 500]
    store.put(PATH, b"x")
    assert [status for *_, status in s3.log] == [503, 500, 200]
    s3.failures = [503] * 3
    with pytest.raises(StoreError, match="HTTP 503") as caught:
        store.get(PATH)
    assert not caught.value.permanent


def test_a_store_that_is_down(s3: FakeS3) -> None:
    store = store_of(s3, endpoint="http://127.0.0.1:1")
    with pytest.raises(StoreError, match="没有应答"):
        store.get(PATH)


def test_a_redirect_is_not_followed(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would carry the signature to another host."""
    s3.failures = [307]
    with pytest.raises(StoreError, match="HTTP 307"):
        store_of(s3).get(PATH)
    assert len(s3.log) == 1


def test_the_fake_verifies_the_body(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    real = requests.request

    def meddled(*args: Any, **kwargs: Any) -> Any:
        return real(*args, **{**kwargs, "data": b"meddled"})

    monkeypatch.setattr(requests, "request", meddled)
    with pytest.raises(StoreError, match="HTTP 403"):
        store_of(s3).put(PATH, b"x")
