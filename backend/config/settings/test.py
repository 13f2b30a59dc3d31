"""Tests: the same tables on SQLite (a file, because threads share it) or on the PostgreSQL in DATABASE_URL."""

import os
import tempfile
from pathlib import Path

from backend.config.settings.base import *  # noqa: F403  # settings modules build on each other by star import
from backend.config.settings.env import database, env

_SCRATCH = Path(
    os.environ.get("ZHISHAN_TEST_DIR") or tempfile.mkdtemp(prefix="zhishan-test-")
)

DEBUG = False
SECRET_KEY = "tests-only"
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": database(f"sqlite:///{_SCRATCH / 'main.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {
        "NAME": str(_SCRATCH / f"test-{os.getpid()}.sqlite3")
    }
FIELD_KEYS = {"t1": "MDEyMzQ1Njc4OWFiY2RlZg==", "t0": "ZmVkY2JhOTg3NjU0MzIxMA=="}
FIELD_KEY_CURRENT = "t1"
BLIND_INDEX_KEY = "dGVzdHMtb25seS1ibGluZC1pbmRleC1rZXk="
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"
]  # speed; never outside tests
MEDIA_ROOT = _SCRATCH / "media"
STATIC_ROOT = _SCRATCH / "static"
JOB_RUNNER = env.str("JOB_RUNNER", default="embedded")
CELERY_BROKER_URL = env.str("REDIS_URL", default="redis://127.0.0.1:1/0")
