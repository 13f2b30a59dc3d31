"""seal_verify: the live database against packages, second copy, log and audit. Names row, column, old and new value."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
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
    defence_findings,
    unknown_packages,
    unsealed_findings,
)
from backend.apps.seals.selectors.keys import ed25519_verify, trusted_keys
from backend.apps.seals.selectors.live import LiveRows
from backend.apps.seals.selectors.openings import Openings, opened, private_binding
from backend.apps.seals.selectors.stores import package_path, stores
from backend.apps.seals.services.packaging import seal_package
from backend.common.crypto import DecryptionFailed

COPY = "copy"  # the second copy in the database served as witness
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
        except StoreError:
            unreachable.append(name)
            continue
        if found is None:
            continue
        if witness is None:
            witness = found
        elif replace(found.package, private="") != replace(witness.package, private=""):
            findings.append(_between(seal, witness, found))
    if witness is None:
        witness = _from_copy(seal, trusted, findings)
    if witness is not None:
        findings += _against(seal, witness)
    seconds = time.perf_counter() - started
    unique = tuple({finding.fingerprint: finding for finding in findings}.values())
    SealCheck.objects.update_or_create(
        seal=seal,
        defaults={
            "checked_at": timezone.now(),
            "milliseconds": int(seconds * 1_000),
            "findings": len(unique),
            "witness": witness.name if witness else "",
            "mark": mark,
        },
    )
    return SealReport(
        seal_id=seal.pk,
        county_code=seal.county_code,
        month=str(seal.month),
        witness=witness.name if witness else "",
        findings=unique,
        unreachable=tuple(unreachable),
        seconds=seconds,
    )


def installation_verify() -> list[Finding]:
    """What no single month shows: triggers, owners, months without a seal, packages the database does not know."""
    found = [*defence_findings(), *unsealed_findings()]
    for name, store in stores().items():
        found += unknown_packages(name, store)
    return found


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
    for line in split_lines(witness.package.private):
        sealed = json.loads(line)
        number, bound_to = sealed["tree"], private_binding(seal, sealed["tree"])
        try:
            openings = opened(sealed["ciphertext"], bound_to)
        except (DecryptionFailed, ValueError):
            yield _place(seal, f"{witness.name}:private", f"第 {number} 棵树", "", "", "密文不能解开")
            continue
        yield from _openings(seal, witness, number, openings, documents[number])
        opened_trees[number] = openings
    lines = [tree.lines for tree in witness.package.trees]
    yield from LiveRows(seal, documents, lines, opened_trees).findings()


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
