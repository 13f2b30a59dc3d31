"""seal_verify: the live database against packages, second copy, log and audit. Names row, column, old and new value."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from backend.apps.seals.domain.checking import Checked, Fault, Trusted, check_package
from backend.apps.seals.domain.commitment import commitment, committed
from backend.apps.seals.domain.differences import ABSENT
from backend.apps.seals.domain.documents import value_text
from backend.apps.seals.domain.package import Package, PackageError, read_package, split_lines
from backend.apps.seals.models import Seal, SealCheck, SealCopy
from backend.apps.seals.ports import BackupStore, StoreError
from backend.apps.seals.selectors.copies import Copies, fault_finding
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.installation import (
    SEALED_TABLES,
    defence_findings,
    log_findings,
    unknown_packages,
    unsealed_findings,
)
from backend.apps.seals.selectors.keys import ed25519_verify, trusted_keys
from backend.apps.seals.selectors.live import LiveRows
from backend.apps.seals.selectors.marks import signed_mark
from backend.apps.seals.selectors.openings import Openings, opened, private_binding
from backend.apps.seals.selectors.reading import UNREADABLE, Raw, attempt, ids_of, rows_in_pieces
from backend.apps.seals.selectors.stores import package_path, stores
from backend.apps.seals.selectors.structure import structure_findings
from backend.apps.seals.services.packaging import seal_package
from backend.common.crypto import DecryptionFailed

COPY = "copy"  # the second copy in the database served as witness
UNREADABLE_TEXT = "不能读取: 表、列或内容被改动"
_SEAL_COLUMNS = tuple(field.attname for field in Seal._meta.concrete_fields)
LATEST_BACKUP = timedelta(minutes=15)  # until then a package may still be on its way


@dataclass(frozen=True, slots=True)
class SealReport:
    """`witness` is the backup location whose package served, `copy`, or empty: then only damage is known, not old values."""

    seal_id: int
    county_code: str
    month: str
    witness: str
    findings: tuple[Finding, ...]
    unreachable: tuple[str, ...]  # backup locations that could not be read just now
    seconds: float


@dataclass(frozen=True, slots=True)
class _Witness:
    name: str
    package: Package
    checked: Checked


def seal_verify(seal: Seal, *, mark: str = "") -> SealReport:
    """One month, wholly. Notes the time in `SealCheck`; raises nothing for damage, however bad."""
    started = time.perf_counter()
    findings: list[Finding] = []
    unreachable: list[str] = []
    trusted = Trusted(keys=trusted_keys())
    witness: _Witness | None = None
    for name, store in stores().items():
        try:
            found = _read(seal, name, store, trusted, findings)
        except StoreError as error:
            unreachable.append(name)
            if error.permanent:  # no outage: somebody put something else there, or took the right to read
                findings.append(_place(seal, f"backup:{name}", package_path(seal), "有", ABSENT, str(error)))
            continue
        except UNREADABLE:  # a package nobody could have written but whoever made it to break this
            findings.append(_place(seal, f"backup:{name}", package_path(seal), "", "", UNREADABLE_TEXT))
            continue
        if found is None:
            continue
        if witness is None:
            witness = found
        elif replace(found.package, private="") != replace(witness.package, private=""):
            findings.append(_between(seal, witness, found))
    if witness is None:
        good, witness = attempt(lambda: _from_copy(seal, trusted, findings))
        if not good:
            findings.append(_place(seal, "seal_tree", str(seal.month), "", "", UNREADABLE_TEXT))
    if witness is not None:
        findings += _against(seal, witness)
    seconds = time.perf_counter() - started
    unique = tuple({finding.fingerprint: finding for finding in findings}.values())
    _note(seal, seconds, len(unique), witness.name if witness else "", mark)
    return SealReport(
        seal_id=seal.pk,
        county_code=seal.county_code,
        month=str(seal.month),
        witness=witness.name if witness else "",
        findings=unique,
        unreachable=tuple(unreachable),
        seconds=seconds,
    )


def _note(seal: Seal, seconds: float, findings: int, witness: str, mark: str) -> None:
    """In `SealCheck`, which is no sealed table: what was found counts, also where it cannot be noted."""
    now = timezone.now()
    values = {
        "checked_at": now,
        "milliseconds": int(seconds * 1_000),
        "findings": findings,
        "witness": witness,
        "mark": signed_mark(seal.pk, mark, now, findings) if mark else "",
    }
    attempt(lambda: SealCheck.objects.update_or_create(seal=seal, defaults=values))


def installation_verify() -> list[Finding]:
    """What no single month shows: triggers, owners, columns, months without a seal, packages and log entries without a month."""
    parts: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("seal_month", defence_findings),
        ("seal_month", lambda: structure_findings(SEALED_TABLES)),
        ("subsidy_evaluation", unsealed_findings),
        ("seal_log", log_findings),
        ("seal_month", lambda: iter(readable_seals()[1])),
    ]
    for name, store in stores().items():
        parts.append(("seal_month", partial(unknown_packages, name, store)))
    found: list[Finding] = []
    for table, part in parts:
        good, findings = attempt(lambda part=part: list(part()))  # type: ignore[misc]  # bound now
        if good and findings is not None:
            found += findings
        else:
            found.append(Finding("", "", table, "", "", "", "", UNREADABLE_TEXT))
    return found


def readable_seals() -> tuple[list[Seal], list[Finding]]:
    """Every seal, the newest month first; a row that cannot be read is a finding and hides none of the others."""
    rows = Seal.objects.order_by("-month", "-id")
    good, found = attempt(lambda: list(rows))
    if good and found is not None:
        return found, []
    seals, findings = [], []
    for pk in ids_of(Seal.objects.all()) or ():
        good, one = attempt(lambda pk=pk: Seal.objects.get(pk=pk))  # type: ignore[misc]  # bound now
        if good and one is not None:
            seals.append(one)
        else:
            values = dict(zip(_SEAL_COLUMNS, next(rows_in_pieces(Seal, [pk], _SEAL_COLUMNS)), strict=True))
            bad = [name for name, value in values.items() if isinstance(value, Raw)]
            for name in bad or [""]:
                place = ("seal_month", f"{values['origin']} {values['entry']}", name)
                findings.append(Finding("", "", *place, "", str(values.get(name, "")), "值不能读取"))
    return seals, findings


# --- witnesses -------------------------------------------------------------------------------------------
def _read(
    seal: Seal, name: str, store: BackupStore, trusted: Trusted, findings: list[Finding]
) -> _Witness | None:
    where = f"backup:{name}"
    data = store.get(package_path(seal))
    if data is None:
        written = SealCopy.objects.filter(seal=seal, location=name).exists()
        if written or seal.created_at < timezone.now() - LATEST_BACKUP:
            findings.append(_place(seal, where, package_path(seal), "有", ABSENT, "备份位置没有该月的封存包"))
        return None
    try:
        package = read_package(data)
    except PackageError as error:
        findings.append(fault_finding(seal, where, Fault(error.code)))
        return None
    checked = check_package(package, trusted, ed25519_verify, strict=False)
    findings += [fault_finding(seal, where, fault) for fault in checked.faults]
    own = (package.cover.get("county"), package.cover.get("month"))
    if not checked.faults and own != (seal.county_code, str(seal.month)):
        findings.append(_place(seal, where, package_path(seal), "", "", "该位置是另一个月的封存包"))
        return None
    return None if checked.faults else _Witness(name, package, checked)


def _from_copy(seal: Seal, trusted: Trusted, findings: list[Finding]) -> _Witness | None:
    """Without any package the second copy in the database has to serve, if its signature holds."""
    try:
        package = read_package(seal_package(seal).archive())
    except (PackageError, ValueError):
        findings.append(fault_finding(seal, "seal_tree", Fault("entries")))
        return None
    checked = check_package(package, trusted, ed25519_verify, strict=False)
    findings += [fault_finding(seal, "seal_tree", fault) for fault in checked.faults]
    return None if checked.faults else _Witness(COPY, package, checked)


def _between(seal: Seal, one: _Witness, other: _Witness) -> Finding:
    return _place(
        *(seal, f"backup:{other.name}", package_path(seal)),
        *(str(one.package.cover["root"]), str(other.package.cover["root"])),
        f"与备份位置 {one.name} 的封存包不同",
    )


def _against(seal: Seal, witness: _Witness) -> Iterator[Finding]:
    documents = witness.checked.documents
    assert documents is not None  # a package without faults was read to its end
    yield from Copies(seal, witness.package).findings()
    opened_trees: dict[int, Openings] = {}
    for place, line in enumerate(split_lines(witness.package.private)):
        try:
            sealed = json.loads(line)
            number = sealed["tree"]
            openings = opened(sealed["ciphertext"], private_binding(seal, number))
            faults = list(_openings(seal, witness, number, openings, documents[number]))
        except (DecryptionFailed, *UNREADABLE):
            key = _tree_of(line) or f"第 {place + 1} 行"
            yield _place(seal, f"{witness.name}:private", key, "", "", "密文不能解开")
            continue
        yield from faults
        opened_trees[number] = openings
    lines = [tree.lines for tree in witness.package.trees]
    yield from LiveRows(seal, documents, lines, opened_trees).findings()


def _tree_of(line: str) -> str:
    """The encrypted part is the one no signature covers: anything may stand there."""
    try:
        number = json.loads(line)["tree"]
    except UNREADABLE:
        return ""
    return f"第 {number} 棵树" if type(number) is int else ""


def _openings(
    seal: Seal, witness: _Witness, number: int, openings: Openings, documents: list[dict[str, Any]]
) -> Iterator[Finding]:
    for leaf, names in openings.items():
        document = documents[int(leaf)] if int(leaf) < len(documents) else {"columns": {}}
        for name, (salt, value) in names.items():
            held = document.get("inputs") if name == "inputs" else document["columns"].get(name)
            told = commitment(bytes.fromhex(salt), value_text(value).encode())
            if committed(held) != told:
                key = str(document.get("key", leaf))
                yield _place(seal, f"{witness.name}:private", f"{key} {name}", "", "", "明文与承诺不符")


def _place(seal: Seal, table: str, key: str, old: str, new: str, message: str) -> Finding:
    return Finding(seal.county_code, str(seal.month), table, key, "", old, new, message)
