"""What a report prints of the seal, so that paper can be held against a package without this system."""

from __future__ import annotations

from dataclasses import dataclass

from backend.apps.seals.models import Seal
from backend.apps.subsidy.models import Snapshot


@dataclass(frozen=True, slots=True)
class ReportSeal:
    """`keys` are name and id of the verification keys; `scanned` is the text of the QR code."""

    code: str
    root: str
    keys: tuple[str, ...]
    scanned: str


def report_seal(snapshot: Snapshot) -> ReportSeal | None:
    """None for a month of a version that did not seal. One query."""
    seal = Seal.objects.filter(snapshot=snapshot).only("code", "root", "keys", "county_code", "month").first()
    if seal is None:
        return None
    return ReportSeal(
        code=seal.code,
        root=seal.root,
        keys=tuple("+".join(key.split("+", 2)[:2]) for key in seal.keys),
        scanned=f"zhishan-seal {seal.county_code} {seal.month} {seal.code} {seal.root}",
    )
