"""What somebody asks of a sealed month at a screen: check it now, or its package to take away. Both are recorded."""

from __future__ import annotations

from backend.apps.accounts.models import User
from backend.apps.audit.services import audit_record
from backend.apps.seals.models import Seal, SealCheck
from backend.apps.seals.ports import StoreError
from backend.apps.seals.selectors.marks import month_marks
from backend.apps.seals.selectors.stores import package_path, stores
from backend.apps.seals.services.incidents import INSTALLATION, incidents_note, month_scope
from backend.apps.seals.services.packaging import seal_package
from backend.apps.seals.services.verifying import SealReport, installation_verify, seal_verify


def seal_check_now(*, actor: User, seal: Seal) -> SealReport:
    """As the watch does it, at once: this month and the defences; what is found is told to everybody concerned."""
    mark = month_marks().get(seal.pk, "")
    incidents_note(installation_verify(), scope=INSTALLATION)
    report = seal_verify(seal, mark=mark)
    incidents_note(report.findings, scope=month_scope(seal))
    audit_record(
        actor=actor,
        action="seals.month.checked",
        target=seal,
        county=seal.county_code,
        detail={"month": seal.month, "findings": len(report.findings), "witness": report.witness},
    )
    return report


def seal_package_take(*, actor: User, seal: Seal) -> bytes:
    """The archive as a backup location keeps it, the one the last check trusted first; else made from the second copy."""
    data = _kept(seal)
    source = "location" if data is not None else "copy"
    if data is None:
        data = seal_package(seal).archive()
    audit_record(
        actor=actor,
        action="seals.package.taken",
        target=seal,
        county=seal.county_code,
        detail={"month": seal.month, "source": source, "size": len(data)},
    )
    return data


def _kept(seal: Seal) -> bytes | None:
    check = SealCheck.objects.filter(seal=seal).first()
    trusted = "" if check is None else check.witness
    for _name, store in sorted(stores().items(), key=lambda found: found[0] != trusted):
        try:
            data = store.get(package_path(seal))
        except StoreError:
            continue
        if data is not None:
            return data
    return None
