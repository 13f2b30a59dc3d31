"""同步备份: the package of a sealed month to every backup location, read back and checked before it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone

from backend.apps.audit.services import audit_record
from backend.apps.seals.domain.checking import Trusted, check_package
from backend.apps.seals.domain.package import PackageError, read_package
from backend.apps.seals.domain.sm3 import sm3
from backend.apps.seals.models import Seal, SealCopy
from backend.apps.seals.ports import BackupStore, StoreError
from backend.apps.seals.selectors.keys import ed25519_verify, trusted_keys
from backend.apps.seals.selectors.stores import package_path, stores
from backend.apps.seals.services.packaging import seal_package
from backend.common.errors import Conflict, Unavailable


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """Locations that hold the package now, and those that could not be reached, with the reason."""

    written: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def seal_backup(*, seal_id: int) -> BackupSummary:
    """Idempotent. Raises `Unavailable` `seal_backup_failed` when no location holds the package, `seal_backup_missing`
    when none is configured, `Conflict` `seal_package_differs` when a location holds another package of this month, or
    `seal_damaged` when the package is not true to itself.
    """
    seal = Seal.objects.select_related("snapshot").get(pk=seal_id)
    locations = stores()
    if not locations:
        raise Unavailable("seal_backup_missing", "没有配置封存包的备份位置。请系统管理员配置 SEAL_BACKUP_DIR")
    data = seal_package(seal).archive()
    _check(seal, data)
    written, failed = [], []
    for name, store in locations.items():
        try:
            _write(seal, name, store, data)
        except StoreError as error:
            failed.append((name, str(error)))
        else:
            written.append(name)
    if not written:
        raise Unavailable(
            "seal_backup_failed",
            "封存包没有写入任何备份位置: " + "; ".join(f"{name} {reason}" for name, reason in failed),
        )
    return BackupSummary(tuple(written), tuple(failed))


def _check(seal: Seal, data: bytes) -> None:
    package = read_package(data)
    trusted = Trusted(keys=trusted_keys(), root=seal.root, code=seal.code)
    faults = check_package(package, trusted, ed25519_verify).faults
    if faults:
        raise Conflict(
            "seal_damaged",
            f"封存副本与签名不符 ({faults[0].key or faults[0].code} 等 {len(faults)} 处), 不能生成封存包",
            faults=len(faults),
        )


def _write(seal: Seal, name: str, store: BackupStore, data: bytes) -> None:
    path = package_path(seal)
    there = store.get(path)
    if there != data:
        if there is not None:
            _refuse_another(there, data)
        store.put(path, data)
        if store.get(path) != data:
            raise StoreError("写入后读回的内容不同")
    known = SealCopy.objects.filter(seal=seal, location=name, sm3=sm3(data).hex()).exists()
    if there == data and known:
        return
    _record(seal, name, path, data)


def _refuse_another(there: bytes, data: bytes) -> None:
    """Only the encrypted part may change, when personal data were erased; anything else is another history."""
    try:
        same = replace(read_package(there), private="") == replace(read_package(data), private="")
    except PackageError:
        same = False
    if not same:
        raise Conflict(
            "seal_package_differs",
            "备份位置已有这个月的另一份封存包, 内容不同, 不予覆盖。请联系系统管理员核查",
        )


@transaction.atomic
def _record(seal: Seal, name: str, path: str, data: bytes) -> None:
    now = timezone.now()
    copy, _created = SealCopy.objects.update_or_create(
        seal=seal,
        location=name,
        defaults={
            "path": path,
            "size": len(data),
            "sm3": sm3(data).hex(),
            "written_at": now,
            "verified_at": now,
        },
    )
    audit_record(
        actor=None,
        action="seals.package.written",
        target=copy,
        county=seal.county_code,
        detail={"month": seal.month, "location": name, "path": path, "sm3": copy.sm3},
    )
