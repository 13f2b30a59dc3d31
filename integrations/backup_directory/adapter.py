"""A folder as backup location: a disk of another machine, mounted, or a WORM volume."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backend.apps.seals.ports import StoreError

_WRITING = ".writing-"


class DirectoryStore:
    """`folder` is made when it is missing; everything in it is readable by its owner only."""

    def __init__(self, *, folder: str) -> None:
        self.folder = Path(folder)

    def put(self, path: str, data: bytes) -> None:
        """Beside its place, to the disk, renamed, the folder to the disk: after a power cut all of it is there, or none."""
        target = self.folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=_WRITING)
            try:
                with os.fdopen(handle, "wb") as sink:
                    sink.write(data)
                    sink.flush()
                    os.fsync(sink.fileno())
                Path(temporary).replace(target)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    Path(temporary).unlink()
                raise
            for folder in (target.parent, *target.parent.parents):
                _to_disk(folder)
                if folder == self.folder:
                    break
        except OSError as error:
            raise StoreError(f"写入失败 ({type(error).__name__})") from error

    def get(self, path: str) -> bytes | None:
        target = self.folder / path
        try:
            return target.read_bytes()
        except FileNotFoundError:
            if target.is_symlink():
                raise StoreError("该位置是指向别处的链接", permanent=True) from None
            return None
        except OSError as error:
            if error.errno in (errno.EISDIR, errno.ELOOP, errno.ENOTDIR):
                raise StoreError("该位置不是文件", permanent=True) from error
            raise StoreError(f"读取失败 ({type(error).__name__})") from error

    def paths(self, prefix: str) -> Iterator[str]:
        try:
            found = sorted(
                path.relative_to(self.folder).as_posix()
                for path in self.folder.rglob("*")
                if path.is_file() and not path.name.startswith(_WRITING)
            )
        except OSError as error:
            raise StoreError(f"读取失败 ({type(error).__name__})") from error
        yield from (path for path in found if path.startswith(prefix))


def _to_disk(folder: Path) -> None:
    """The directory entry is data of the folder, not of the file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
