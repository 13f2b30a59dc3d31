"""Runs the web server and the job runner together until told to stop.

A child that ends by itself is reported and started again; one that keeps ending takes the run down with
the last lines of its log. No child outlives the supervisor, however it dies.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools.console import ROOT, Failed, say

RESTARTS_ALLOWED = 5
WITHIN_SECONDS = 60.0
STOP_SECONDS = 25.0
LOG_LIMIT = 20 * 1024 * 1024


@dataclass
class Child:
    """One supervised program. `ended` keeps the times it stopped by itself."""

    title: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    ended: deque[float] = field(default_factory=deque)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def tail(log: Path, lines: int = 25) -> str:
    if not log.exists():
        return "(没有日志)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


class Supervisor:
    """Starts children, keeps them alive, stops them all."""

    def __init__(self, children: list[Child], env: dict[str, str]) -> None:
        self.children = children
        self.env = env
        self.stopping = False

    def start(self, child: Child) -> None:
        if child.log.exists() and child.log.stat().st_size > LOG_LIMIT:
            child.log.replace(child.log.with_suffix(".log.1"))
        with child.log.open("ab") as sink:
            child.process = subprocess.Popen(
                child.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops them in order
                preexec_fn=_die_with_parent,
            )

    def start_all(self) -> None:
        for child in self.children:
            self.start(child)

    def check(self) -> None:
        """Start ended children again; raise `Failed` when one ends too often."""
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            status = child.process.returncode
            now = time.monotonic()
            child.ended.append(now)
            while child.ended and now - child.ended[0] > WITHIN_SECONDS:
                child.ended.popleft()
            if len(child.ended) > RESTARTS_ALLOWED:
                raise Failed(
                    f"{child.title}在 {WITHIN_SECONDS:.0f} 秒内结束了 {len(child.ended)} 次 (状态 {status}), 不再重启。"
                    f"日志 {child.log.relative_to(ROOT)} 的末尾:\n{tail(child.log)}"
                )
            say(f"! {child.title}意外结束 (状态 {status}), 正在重启; 日志 {child.log.relative_to(ROOT)}")
            self.start(child)

    def run_until_stopped(self, *, ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Supervise; call `on_ready` once when `ready()` first answers true within a minute."""
        deadline: float | None = time.monotonic() + 60
        while not self.stopping:
            self.check()
            if deadline is not None:
                if ready():
                    deadline = None
                    on_ready()
                elif time.monotonic() > deadline:
                    web = self.children[0]
                    raise Failed(
                        f"60 秒内没有应答。日志 {web.log.relative_to(ROOT)} 的末尾:\n{tail(web.log)}"
                    )
            time.sleep(0.2)

    def stop_all(self) -> None:
        """Ask politely, in reverse order; after the grace period kill the whole process group."""
        running = [child.process for child in reversed(self.children) if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
