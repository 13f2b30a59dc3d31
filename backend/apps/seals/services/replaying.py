"""seal_replay: sealed months worked out again, read from their packages, or from the copy where no package can be read."""

from __future__ import annotations

from backend.apps.seals.domain.checking import Trusted, check_package
from backend.apps.seals.domain.package import Package, PackageError, read_package
from backend.apps.seals.models import Seal
from backend.apps.seals.ports import StoreError
from backend.apps.seals.selectors.keys import ed25519_verify, trusted_keys
from backend.apps.seals.selectors.openings import package_openings
from backend.apps.seals.selectors.replay import MonthReplay, replay_month
from backend.apps.seals.selectors.stores import package_path, stores
from backend.apps.seals.services.packaging import seal_package
from backend.common.crypto import DecryptionFailed


def seal_replay(seal: Seal) -> MonthReplay:
    """Reads only. What is not true to its signature is not worked out: `problem` says so."""
    return package_replay(_package(seal))


def package_replay(package: Package) -> MonthReplay:
    checked = check_package(package, Trusted(keys=trusted_keys()), ed25519_verify)
    if checked.faults or checked.documents is None:
        return MonthReplay(0, 0, (), "封存包与签名不符, 先用 seal_verify 核查")
    try:
        openings = package_openings(package)
    except DecryptionFailed:
        return MonthReplay(0, 0, (), "封存包的加密部分不能解开")
    return replay_month(checked.documents, openings)


def _package(seal: Seal) -> Package:
    for store in stores().values():
        try:
            data = store.get(package_path(seal))
            if data is not None:
                return read_package(data)
        except (StoreError, PackageError):
            continue
    return seal_package(seal)
