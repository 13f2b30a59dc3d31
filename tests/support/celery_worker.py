"""A real Celery worker process on the test database and the real Redis of REDIS_URL."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """URL of the database the tests are using right now, for processes outside this one."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    password = quote(str(config["PASSWORD"]), safe="")
    return f"postgres://{config['USER']}:{password}@{config['HOST']}:{config['PORT']}/{config['NAME']}"


def process_environment(**extra: str) -> dict[str, str]:
    """Environment for `manage.py` or a worker that shall see the test database."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backend.config.settings.test",
        "DATABASE_URL": database_url(),
        "PYTHONUNBUFFERED": "1",
        **extra,
    }


@dataclass(frozen=True)
class CeleryWorker:
    """`process` is the worker's main process; its children share its process group."""

    process: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """As a power cut would: main process and pool children at once, no clean-up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=20)


@contextlib.contextmanager
def running_worker(
    *, log: Path, concurrency: int = 2, environment: dict[str, str] | None = None
) -> Iterator[CeleryWorker]:
    """Start a worker, wait until it is ready, stop it on leaving."""
    command = [
        *(sys.executable, "-m", "celery", "-A", "backend.config.celery", "worker"),
        *("--concurrency", str(concurrency), "--loglevel", "INFO", "--without-gossip", "--without-mingle"),
        *("--hostname", f"test-{os.getpid()}-{time.monotonic_ns()}@%h"),
    ]
    env = process_environment(JOB_RUNNER="celery", **(environment or {}))
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    worker = CeleryWorker(process=process, log=log)
    try:
        deadline = time.monotonic() + 60
        while " ready." not in worker.text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the Celery worker did not start:\n{worker.text()[-4000:]}")
            time.sleep(0.1)  # noqa: TID251 - polls another process's log, with a deadline
        yield worker
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                worker.kill()
