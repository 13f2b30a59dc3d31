"""The seal package: what is in the file and in which order. The full description is `docs/seal-format.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backend.apps.seals.domain.archive import ArchiveError, Entries, archive_bytes, archive_entries
from backend.apps.seals.domain.documents import FORMAT, DocumentError, read_document
from backend.common.canonical import canonical_bytes

COVER: Final = "seal.json"
CHECKPOINT: Final = "checkpoint.txt"
LOG: Final = "log.jsonl"
PRIVATE: Final = "private.jsonl"


class PackageError(ValueError):
    """Not a seal package; `code` as in the description: `archive` or `entries`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class TreeText:
    """One tree as written: one document per line and, line by line, its checks."""

    documents: str
    checks: str

    @property
    def lines(self) -> list[str]:
        return split_lines(self.documents)


@dataclass(frozen=True, slots=True)
class Package:
    cover: Mapping[str, Any]
    checkpoint: str
    log: str
    trees: tuple[TreeText, ...]
    private: str = ""

    def entries(self) -> Iterator[tuple[str, bytes]]:
        yield COVER, canonical_bytes(self.cover)
        yield CHECKPOINT, self.checkpoint.encode()
        yield LOG, self.log.encode()
        for number, tree in enumerate(self.trees):
            yield f"rows/{number:04d}.jsonl", tree.documents.encode()
            yield f"checks/{number:04d}.txt", tree.checks.encode()
        if self.private:
            yield PRIVATE, self.private.encode()

    def archive(self) -> bytes:
        return archive_bytes(list(self.entries()))


def read_package(data: bytes) -> Package:
    """Raises `PackageError` for anything but a package in its one form; whether it is true is another question."""
    try:
        entries = archive_entries(data)
    except ArchiveError as error:
        raise PackageError("archive", str(error)) from None
    return package_of(entries)


def package_of(entries: Entries) -> Package:
    names = [name for name, _ in entries]
    trees = (len(names) - 3) // 2
    wanted = [COVER, CHECKPOINT, LOG]
    wanted += [
        name for number in range(trees) for name in (f"rows/{number:04d}.jsonl", f"checks/{number:04d}.txt")
    ]
    if trees < 1 or names not in (wanted, [*wanted, PRIVATE]):
        raise PackageError("entries", "entries are missing, unknown or out of order")
    try:
        texts = [data.decode("utf-8") for _, data in entries]
        cover = read_document(texts[0])
    except (UnicodeDecodeError, DocumentError):
        raise PackageError("entries", "not UTF-8, or no cover") from None
    if cover.get("format") != FORMAT:
        raise PackageError("entries", "unknown format")
    return Package(
        cover=cover,
        checkpoint=texts[1],
        log=texts[2],
        trees=tuple(TreeText(texts[3 + 2 * i], texts[4 + 2 * i]) for i in range(trees)),
        private=texts[-1] if len(texts) % 2 == 0 else "",
    )


def split_lines(text: str) -> list[str]:
    """Lines of a text in which every line ends with a line feed; the last one, if it does not, stays visible.

    >>> split_lines("a\\nb\\n"), split_lines("a\\nb"), split_lines("")
    (['a', 'b'], ['a', 'b\\x00'], [])
    """
    if not text:
        return []
    if not text.endswith("\n"):
        text += "\0\n"  # no document has one: the line is never mistaken for a whole one
    return text[:-1].split("\n")


def join_lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
