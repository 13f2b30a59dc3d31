"""Reads the environment once; every setting an operator may change passes through here."""

from pathlib import Path
from typing import Any

import environ

BASE_DIR = Path(__file__).resolve().parents[3]
VAR_DIR = BASE_DIR / "var"

env = environ.Env()


def read_secrets_file() -> None:
    """The embedded edition keeps its generated secrets in var/secrets.env; real variables win."""
    path = Path(env.str("ZHISHAN_SECRETS_FILE", default=str(VAR_DIR / "secrets.env")))
    if path.exists():
        env.read_env(str(path))


def database(default: str) -> dict[str, Any]:
    """DATABASE_URL as a Django database; SQLite gets WAL and IMMEDIATE transactions, PostgreSQL kept connections."""
    config: dict[str, Any] = env.db_url("DATABASE_URL", default=default)
    if str(config["ENGINE"]).endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;",
        }
    else:
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
    config["ATOMIC_REQUESTS"] = False
    return config


def seal_signers(*, name: str, named: list[str], ed25519: str, sm2: str) -> list[dict[str, str]]:
    """The signers `named` by dotted path, which find their key themselves; else software signers for the given keys."""
    if named:
        return [{"signer": path, "name": name} for path in named]
    room = "backend.apps.seals.services.software_signers"
    software = ((f"{room}.Ed25519Signer", ed25519), (f"{room}.SM2Signer", sm2))
    return [{"signer": path, "name": name, "private": private} for path, private in software if private]


def seal_backups(*, folder: str, s3: dict[str, str]) -> dict[str, dict[str, str]]:
    """Backup locations of seal packages by name; those without an address are left out."""
    found = {}
    if folder:
        found["directory"] = {
            "adapter": "integrations.backup_directory.adapter.DirectoryStore",
            "folder": folder,
        }
    if s3["endpoint"]:
        found["s3"] = {"adapter": "integrations.s3.adapter.S3Store", **s3}
    return found
