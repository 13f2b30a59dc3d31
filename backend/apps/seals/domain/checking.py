"""Is a package true to itself? The steps of `docs/seal-format.md` in their order; the first step with a fault ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from backend.apps.seals.domain import sm2
from backend.apps.seals.domain.documents import (
    DocumentError,
    checks_hash,
    checks_line,
    differing_columns,
    read_document,
    value_text,
)
from backend.apps.seals.domain.note import (
    ED25519,
    Checkpoint,
    Key,
    NoteError,
    parse_note,
    short_code,
)
from backend.apps.seals.domain.package import Package, split_lines
from backend.apps.seals.domain.tree import leaf_hash, tree_root

Ed25519Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, message) → is it good? Given from above: this room has no curve of its own for it."""

APPROVED: Final = "approved"


@dataclass(frozen=True, slots=True)
class Fault:
    """`code` as in the description; `tree` and `leaf` where it is about a row; `key` names the row for people."""

    code: str
    tree: int = -1
    leaf: int = -1
    key: str = ""
    fields: tuple[str, ...] = ()


class _Stop(Exception):
    def __init__(self, *faults: Fault) -> None:
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the person who checks brings along: keys, and perhaps the root or code from paper."""

    keys: Sequence[Key] = ()
    root: str = ""
    code: str = ""


@dataclass
class Checked:
    """Result, with everything read on the way."""

    faults: tuple[Fault, ...] = ()
    documents: list[list[dict[str, Any]]] | None = None
    signed_by: tuple[str, ...] = ()  # algorithms whose signatures are good under a trusted key


def check_package(
    package: Package, trusted: Trusted, ed25519: Ed25519Verify, *, strict: bool = True
) -> Checked:
    """`strict=False` leaves out the spelling of documents (see `read_document`), nothing else."""
    result = Checked()
    try:
        same_checks = package.cover.get("checks") == checks_hash(tree.checks for tree in package.trees)
        hashes, documents = _rows(package, same_checks=same_checks, strict=strict)
        result.documents = documents
        _trees(package, hashes, documents, same_checks=same_checks)
        checkpoint, entry = _log(package, documents)
        result.signed_by = _signatures(package, trusted, ed25519)
        _figures(documents)
        _printed(package, trusted, entry)
        _statements(checkpoint, entry)
    except _Stop as stop:
        result.faults = stop.faults
    return result


# --- rows ------------------------------------------------------------------------------------------------
def _rows(
    package: Package, *, same_checks: bool, strict: bool
) -> tuple[list[list[bytes]], list[list[dict[str, Any]]]]:
    hashes: list[list[bytes]] = []
    documents: list[list[dict[str, Any]]] = []
    faults: list[Fault] = []
    for number, tree in enumerate(package.trees):
        lines, checks = tree.lines, split_lines(tree.checks)
        hashes.append([leaf_hash(line.encode()) for line in lines])
        documents.append([])
        if len(lines) != len(checks) or not lines:
            faults.append(Fault("rows", number))
            continue
        for leaf, (line, told) in enumerate(zip(lines, checks, strict=True)):
            if told[:64] != hashes[-1][leaf].hex():
                fields = tuple(differing_columns(line, told))
                faults.append(Fault("row", number, leaf, _key(line), fields))
                continue
            try:
                document = read_document(line, strict=strict)
                if not isinstance(document["columns"], dict):
                    raise DocumentError("no columns")
            except (DocumentError, KeyError):
                faults.append(Fault("document", number, leaf, _key(line)))
                continue
            documents[-1].append(document)
            if not same_checks and told != _checks_of(document, hashes[-1][leaf]):
                faults.append(Fault("check", number, leaf, str(document.get("key", ""))))
    if faults:
        raise _Stop(*faults)
    return hashes, documents


def _checks_of(document: Mapping[str, Any], digest: bytes) -> str:
    columns = document["columns"]
    return checks_line(digest, [value_text(columns[name]) for name in sorted(columns)])


def _key(line: str) -> str:
    try:
        return str(read_document(line).get("key", ""))
    except DocumentError:
        return ""


def _trees(
    package: Package,
    hashes: list[list[bytes]],
    documents: list[list[dict[str, Any]]],
    *,
    same_checks: bool,
) -> None:
    """Every institution's tree is the one the month names, and the month is the one the cover names."""
    named = [document for document in documents[0] if document.get("kind") == "institution"]
    if [document.get("tree") for document in named] != list(range(1, len(hashes))):
        raise _Stop(Fault("tree", 0))
    faults = []
    for document in named:
        number = document["tree"]
        columns = document["columns"]
        if (columns.get("leaves"), columns.get("root")) != (
            len(hashes[number]),
            tree_root(hashes[number]).hex(),
        ):
            faults.append(Fault("tree", number, key=str(document.get("key", ""))))
    if faults:
        raise _Stop(*faults)
    cover, month = package.cover, documents[0][0]
    truth = {
        "root": tree_root(hashes[0]).hex(),
        "trees": len(hashes),
        "leaves": sum(map(len, hashes)),
        "month": month["columns"].get("month"),
        "county": month["columns"].get("county_code"),
    }
    wrong = tuple(name for name, value in truth.items() if not _same(cover.get(name), value))
    wrong += () if same_checks else ("checks",)
    if wrong or month.get("kind") != "month":
        raise _Stop(Fault("cover", fields=wrong))


# --- log and checkpoint ----------------------------------------------------------------------------------
def _log(package: Package, documents: list[list[dict[str, Any]]]) -> tuple[Checkpoint, dict[str, Any]]:
    lines = split_lines(package.log)
    try:
        body, signatures = parse_note(package.checkpoint)
        checkpoint = Checkpoint.parse(body)
    except NoteError:
        raise _Stop(Fault("checkpoint")) from None
    cover = package.cover
    if _key_ids(cover.get("keys")) != sorted((one.name, one.key_id) for one in signatures):
        raise _Stop(Fault("cover", fields=("keys",)))
    if checkpoint.origin != cover.get("origin") or not _own_origin(checkpoint.origin, cover):
        raise _Stop(Fault("checkpoint", fields=("origin",)))
    if (checkpoint.size, checkpoint.root) != (
        len(lines),
        tree_root([leaf_hash(line.encode()) for line in lines]),
    ):
        raise _Stop(Fault("log"))
    try:
        entries = [read_document(line) for line in lines]
        entry = entries[_place(cover["entry"])]
    except (DocumentError, IndexError, KeyError):
        raise _Stop(Fault("log")) from None
    if entries[0].get("kind") != "year" or entries[0].get("origin") != checkpoint.origin:
        raise _Stop(Fault("log"))
    truth = {
        "kind": "month",
        "county": cover["county"],
        "format": cover["format"],
        "leaves": cover["leaves"],
        "month": cover["month"],
        "root": cover["root"],
        "rows": sum(document.get("kind") == "line" for tree in documents[1:] for document in tree),
        "total_amount": documents[0][0]["columns"].get("total_amount"),
    }
    wrong = tuple(name for name, value in truth.items() if not _same(entry.get(name), value))
    if wrong:
        raise _Stop(Fault("entry", fields=wrong))
    return checkpoint, entry


def _place(value: Any) -> int:
    """A number of a leaf: neither counted from the end nor a truth value."""
    if type(value) is not int or value < 0:
        raise IndexError
    return value


def _same(told: Any, value: Any) -> bool:
    """Python takes True for 1."""
    return type(told) is type(value) and bool(told == value)


def _key_ids(texts: Any) -> list[tuple[str, bytes]] | None:
    """Names and ids of the keys a cover lists; None unless it is a list of keys in their one form."""
    try:
        return sorted((key.name, key.id) for key in map(Key.parse, texts))
    except (NoteError, TypeError, AttributeError):
        return None


def _own_origin(origin: str, cover: Mapping[str, Any]) -> bool:
    return origin == f"zhishan/{cover.get('county')}/{str(cover.get('month'))[:4]}"


def _statements(checkpoint: Checkpoint, entry: Mapping[str, Any]) -> None:
    """The lines people read in the checkpoint say what the log says."""
    if checkpoint.value("month") != f"{entry['month']} {entry['root']}":
        raise _Stop(Fault("checkpoint", fields=("month",)))
    for name in ("rows", "total_amount", "sealed_at"):
        if checkpoint.value(name) != str(entry.get(name)):
            raise _Stop(Fault("checkpoint", fields=(name,)))


def _signatures(package: Package, trusted: Trusted, ed25519: Ed25519Verify) -> tuple[str, ...]:
    body, signatures = parse_note(package.checkpoint)
    good = []
    for signature in signatures:
        key = next((k for k in trusted.keys if (k.name, k.id) == (signature.name, signature.key_id)), None)
        if key is None:
            continue
        if not signature_holds(key, signature.value, body.encode(), ed25519):
            raise _Stop(Fault("signature", key=key.algorithm))
        good.append(key.algorithm)
    if trusted.keys and not good:
        raise _Stop(Fault("signature"))
    return tuple(good)


def signature_holds(key: Key, value: bytes, message: bytes, ed25519: Ed25519Verify) -> bool:
    if key.algorithm == ED25519:
        return ed25519(key.public, value, message)
    try:
        return sm2.verify(message, value, sm2.point_from_bytes(key.public))
    except sm2.KeyRefused:
        return False


# --- figures and paper -----------------------------------------------------------------------------------
def _figures(documents: list[list[dict[str, Any]]]) -> None:
    """Rows add up to their statement, approved statements to the month."""
    try:
        approved = Decimal(0)
        for number, tree in enumerate(documents[1:], start=1):
            statement = tree[0]["columns"]
            total = Decimal(statement["total_amount"])
            own = sum(_amounts(tree), Decimal(0))
            if tree[0]["kind"] != "statement" or own != total:
                raise _Stop(Fault("sum", number, 0, str(tree[0]["key"]), ("total_amount",)))
            approved += total if statement["outcome"] == APPROVED else 0
        if Decimal(documents[0][0]["columns"]["total_amount"]) != approved:
            raise _Stop(Fault("sum", 0, 0, str(documents[0][0]["key"]), ("total_amount",)))
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation):
        raise _Stop(Fault("sum")) from None


def _amounts(tree: list[dict[str, Any]]) -> Iterator[Decimal]:
    """Of every kind of line: `line`, and whatever later months add under a name that ends in `_line`."""
    return (
        Decimal(document["columns"]["amount"])
        for document in tree
        if document["kind"] == "line" or document["kind"].endswith("_line")
    )


def _printed(package: Package, trusted: Trusted, entry: Mapping[str, Any]) -> None:
    if trusted.root and trusted.root != entry["root"]:
        raise _Stop(Fault("printed", fields=("root",)))
    if trusted.code and trusted.code != short_code(parse_note(package.checkpoint)[0]):
        raise _Stop(Fault("printed", fields=("code",)))
