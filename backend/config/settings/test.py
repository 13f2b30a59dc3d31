"""Tests: the same tables on SQLite (a file, because threads share it) or on the PostgreSQL in DATABASE_URL."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from backend.config.settings.base import *  # noqa: F403  # settings modules build on each other by star import
from backend.config.settings.env import database, env


def _scratch_folder() -> Path:
    """One folder per test run; xdist workers and Celery workers inherit it, its maker removes it."""
    given = os.environ.get("ZHISHAN_TEST_DIR")
    if given:
        return Path(given)
    for left in Path(tempfile.gettempdir()).glob(
        "zhishan-test-*-*"
    ):  # by a killed run, or by mypy's hard exit
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    made = tempfile.mkdtemp(prefix=f"zhishan-test-{os.getpid()}-")
    os.environ["ZHISHAN_TEST_DIR"] = made
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked child must not take the folder away from its parent
            shutil.rmtree(made, ignore_errors=True)

    atexit.register(remove)
    return Path(made)


_SCRATCH = _scratch_folder()

DEBUG = False
SECRET_KEY = "tests-only"
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": database(f"sqlite:///{_SCRATCH / 'main.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"]["init_command"] += (
        "PRAGMA synchronous=OFF;"  # a lost test run loses nothing
    )
    DATABASES["default"]["TEST"] = {"NAME": str(_SCRATCH / f"test-{os.getpid()}.sqlite3")}
FIELD_KEYS = {"t1": "MDEyMzQ1Njc4OWFiY2RlZg==", "t0": "ZmVkY2JhOTg3NjU0MzIxMA=="}
FIELD_KEY_CURRENT = "t1"
BLIND_INDEX_KEY = "dGVzdHMtb25seS1ibGluZC1pbmRleC1rZXk="
SEAL_SIGNERS = [
    {
        "signer": "backend.apps.seals.services.software_signers.Ed25519Signer",
        "name": "zhishan.test",
        "private": "dGVzdHMtb25seS1lZDI1NTE5LXNlYWwta2V5LTAwMDE=",
    },
    {
        "signer": "backend.apps.seals.services.software_signers.SM2Signer",
        "name": "zhishan.test",
        "private": "dGVzdHMtb25seS1zbTItc2VhbC1wcml2YXRlLTAwMDE=",
    },
]
SEAL_BACKUPS = {
    "directory": {
        "adapter": "integrations.backup_directory.adapter.DirectoryStore",
        "folder": str(_SCRATCH / "seals"),
    }
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # speed; never outside tests
MEDIA_ROOT = _SCRATCH / "media"
STATIC_ROOT = _SCRATCH / "static"
STATIC_ROOT.mkdir(exist_ok=True)
JOB_RUNNER = env.str("JOB_RUNNER", default="embedded")
CELERY_BROKER_URL = env.str("REDIS_URL", default="redis://127.0.0.1:1/0")
