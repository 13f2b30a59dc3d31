"""A durable PostgreSQL, the web server and the job runner as processes; each may be killed without warning.

Unlike `tools.services`, which gives up durability for speed, this PostgreSQL keeps what it has confirmed: a fault run
means nothing on a database that may forget a commit.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from tools.server_binaries import find_postgres
from tools.services import _account, _free_port, _make_home, _usable_copy

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
    "timezone": "UTC",
}


class Server:
    """One supervised process and its log."""

    def __init__(self, title: str, command: list[str], log: Path, env: dict[str, str]) -> None:
        self.title, self.command, self.log, self.env = title, command, log, env
        self.options: dict[str, object] = {}
        self.cwd: Path = ROOT
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(  # type: ignore[call-overload]  # user and groups come as one dict
                self.command,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                **self.options,
            )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def pids(self) -> list[int]:
        """The process and its children."""
        if not self.running:
            return []
        assert self.process is not None
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [self.process.pid, *(int(word) for word in found.stdout.split())]

    def kill(self) -> None:
        """Everything at once, as a power cut would; PostgreSQL's backends have groups of their own."""
        if self.running:
            assert self.process is not None
            children = self.pids()[1:]
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            for pid in children:
                self.kill_one(pid)
            self.process.wait(timeout=20)

    def kill_one(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        if self.running:
            assert self.process is not None
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()


class Stack:
    """Everything one run needs, on free loopback ports, in one temporary folder."""

    def __init__(self, *, web_workers: int) -> None:
        account = _account()
        self.home = _make_home(account)
        binaries, self.version = find_postgres()
        binaries = _usable_copy(binaries, account, self.home)
        self._data = self.home / "pg"
        password, port = secrets.token_hex(12), _free_port()
        password_file = self.home / "password"
        password_file.write_text(password)
        os.chown(password_file, account.uid, account.gid)
        clean = {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "TZ": "UTC",
        }
        subprocess.run(  # type: ignore[call-overload]  # as above
            [
                str(binaries / "initdb"),
                "--pgdata",
                str(self._data),
                "--username",
                "zhishan",
                "--pwfile",
                str(password_file),
                "--auth",
                "scram-sha-256",
                "--encoding",
                "UTF8",
                "--no-locale",
            ],
            check=True,
            capture_output=True,
            env=clean,
            cwd=self.home,
            **account.popen_options(),
        )
        options = [word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}")]
        self.database = Server(
            "database",
            [
                str(binaries / "postgres"),
                "-D",
                str(self._data),
                "-p",
                str(port),
                "-k",
                str(self.home),
                *options,
            ],
            self.home / "pg.log",
            clean,
        )
        self.database.options, self.database.cwd = account.popen_options(), self.home
        self._pg_port = port
        self.url = f"postgres://zhishan:{password}@127.0.0.1:{port}/postgres"
        self.port = _free_port()
        self.env = {
            **os.environ,
            "DATABASE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": os.environ.get(
                "DJANGO_SETTINGS_MODULE", "backend.config.settings.test"
            ),
            "PYTHONUNBUFFERED": "1",
        }
        gunicorn = [
            sys.executable,
            "-m",
            "gunicorn",
            "backend.config.wsgi:application",
            "--bind",
            f"127.0.0.1:{self.port}",
        ]
        gunicorn += [
            "--worker-class",
            "gthread",
            "--workers",
            str(web_workers),
            "--threads",
            "4",
            "--timeout",
            "60",
        ]
        self.web = Server("web", gunicorn, self.home / "web.log", self.env)
        self.runner = Server(
            "runner", [sys.executable, "manage.py", "run_jobs"], self.home / "runner.log", self.env
        )

    def __enter__(self) -> Stack:
        self.start_database()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self.web, self.runner):
            server.stop()
        if self.database.running:
            assert self.database.process is not None
            self.database.process.send_signal(signal.SIGINT)
            self.database.process.wait(timeout=30)
        shutil.rmtree(self.home, ignore_errors=True)

    def start_database(self, patience: float = 60) -> None:
        """Start it, also after a kill: the orphans of a killed server keep its memory until they notice."""
        deadline = time.monotonic() + patience
        while True:
            self.database.start()
            if self._ready(deadline):
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"PostgreSQL does not start:\n{self.database.log.read_text()[-2000:]}")
            time.sleep(0.2)

    def _ready(self, deadline: float) -> bool:
        """Accepts connections and has finished its recovery."""
        pid_file = self._data / "postmaster.pid"
        while time.monotonic() < deadline and self.database.running:
            with contextlib.suppress(OSError):
                assert self.database.process is not None
                lines = pid_file.read_text().split("\n")
                if lines[0].strip() == str(self.database.process.pid) and lines[-2].strip() == "ready":
                    return True
            time.sleep(0.05)
        return False

    def start_web(self) -> None:
        self.web.start()
        wait_for(lambda: answers(self.port), "the web server answers")


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.05)


@contextlib.contextmanager
def stack(*, web_workers: int) -> Iterator[Stack]:
    """PostgreSQL running and migrated, DATABASE_URL set for this process too; web and runner not started yet."""
    with Stack(web_workers=web_workers) as made:
        os.environ["DATABASE_URL"] = made.url
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield made
