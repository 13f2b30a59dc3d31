"""Backup locations of this installation, by the name the settings give them, and what lies where."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from backend.apps.seals.models import Seal
from backend.apps.seals.ports import BackupStore


def stores() -> dict[str, BackupStore]:
    found: dict[str, BackupStore] = {}
    for name, entry in settings.SEAL_BACKUPS.items():
        options = {option: value for option, value in entry.items() if option != "adapter"}
        found[name] = import_string(entry["adapter"])(**options)
    return found


def package_path(seal: Seal) -> str:
    """`330683000000/2026/330683000000-2026-10.zip`"""
    return f"{seal.origin.removeprefix('zhishan/')}/{seal.county_code}-{seal.month}.zip"
