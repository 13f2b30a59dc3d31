"""`make run`, `make stop`, `make reset-demo`.

    python3 -m tools.serve run|stop|reset-demo [--port 8000]

`run` stays in the foreground with the web server (gunicorn) and the job runner (`manage.py run_jobs`)
under it; var/run/<port>.json tells `stop` and a second `run` about it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from tools import bootstrap, demo, requirements
from tools.console import PYTHON, ROOT, VAR, Failed, main_guard, say
from tools.supervisor import Child, Supervisor

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Instance:
    """A running `make run`: process id and its start time, because ids are used again."""

    pid: int
    born: str
    port: int


def _born(pid: int) -> str:
    """Start time in clock ticks since boot; empty when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state_and_rest = text.rpartition(")")[2].split()
    return "" if state_and_rest[0] == "Z" else state_and_rest[19]


def _pid_file(port: int) -> Path:
    return VAR / "run" / f"{port}.json"


def _read(path: Path) -> Instance | None:
    try:
        found = Instance(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if _born(found.pid) == found.born else None


def instances() -> list[Instance]:
    """Every living instance of this checkout."""
    files = sorted((VAR / "run").glob("*.json")) if (VAR / "run").exists() else []
    return [found for path in files if (found := _read(path)) is not None]


def _answers(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{HOST}:{port}/healthz", timeout=3) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _port_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _already_served(port: int) -> bool:
    """True when our own instance has the port; `Failed` when something else has it."""
    own = _read(_pid_file(port))
    if own is not None:
        state = "正在运行" if _answers(port) else "正在启动"
        say(f"智剡托育已在 http://{HOST}:{port}/ {state} (进程 {own.pid})。停止: make stop PORT={port}")
        return True
    if _port_taken(port):
        raise Failed(f"端口 {port} 已被别的程序占用。换一个端口: make run PORT={port + 1}")
    return False


def _children(port: int) -> list[Child]:
    log = VAR / "log"
    gunicorn = [
        *(str(PYTHON), "-m", "gunicorn", "backend.config.wsgi:application"),
        *("--bind", f"{HOST}:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "4"),
        *(
            "--timeout",
            "120",
            "--graceful-timeout",
            "15",
            "--access-logfile",
            str(log / f"access-{port}.log"),
        ),
    ]
    jobs = [str(PYTHON), "manage.py", "run_jobs"]
    return [
        Child(title="网页服务", command=gunicorn, log=log / f"web-{port}.log"),
        Child(title="后台作业", command=jobs, log=log / f"jobs-{port}.log"),
    ]


def run(port: int) -> int:
    requirements.ensure(tests=False)
    if _already_served(port):
        return 0
    pid_file = _pid_file(port)
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    pid_file.write_text(json.dumps(asdict(Instance(pid=os.getpid(), born=_born(os.getpid()), port=port))))
    environment = {**os.environ, **demo.SETTINGS, "PYTHONUNBUFFERED": "1"}
    supervisor = Supervisor(_children(port), environment)

    def interrupt(_signum: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def stop(_signum: int, _frame: object) -> None:
        supervisor.stopping = True

    signal.signal(signal.SIGTERM, interrupt)  # `make stop` while still preparing
    try:
        bootstrap.prepare(tests=False)
        demo.ensure_database()
        demo.collect_static()
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, stop)
        supervisor.start_all()
        supervisor.run_until_stopped(
            ready=lambda: _answers(port), on_ready=lambda: say(demo.welcome(f"http://{HOST}:{port}"))
        )
        say("正在停止 …")
        return 0
    finally:
        supervisor.stop_all()
        pid_file.unlink(missing_ok=True)


def stop(port: int) -> int:
    own = _read(_pid_file(port))
    if own is None:
        _pid_file(port).unlink(missing_ok=True)
        say(f"端口 {port} 上没有运行中的智剡托育。")
        return 0
    os.kill(own.pid, signal.SIGTERM)
    deadline = time.monotonic() + 45
    while _born(own.pid) == own.born:
        if time.monotonic() > deadline:
            os.kill(own.pid, signal.SIGKILL)  # its children end with it
            say("没有按时停止, 已强制结束。")
            break
        time.sleep(0.1)
    _pid_file(port).unlink(missing_ok=True)
    say(f"端口 {port} 上的智剡托育已停止。")
    return 0


def reset_demo() -> int:
    if os.environ.get("DATABASE_URL"):
        raise Failed("DATABASE_URL 已设置: make reset-demo 只重建 var/ 里的 SQLite 演示库, 不动别的数据库。")
    running = instances()
    if running:
        ports = ", ".join(str(one.port) for one in running)
        raise Failed(f"智剡托育正在端口 {ports} 上运行, 请先停止: make stop PORT={running[0].port}")
    demo.delete()
    bootstrap.prepare(tests=False)
    demo.ensure_database()
    say("演示县已重建。启动: make run")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="run, stop or reset the embedded edition")
    parser.add_argument("command", choices=["run", "stop", "reset-demo"])
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    if not 1 <= arguments.port <= 65535:
        raise Failed(f"端口号不对: {arguments.port}")
    # Everything runs from the top of the checkout, whatever folder make was started in.
    os.chdir(ROOT)
    if arguments.command == "run":
        return run(arguments.port)
    if arguments.command == "stop":
        return stop(arguments.port)
    return reset_demo()


if __name__ == "__main__":
    sys.exit(main_guard(main))
