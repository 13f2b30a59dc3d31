"""Brings a clone to the point where it can run or be tested; a second time it only compares stamps.

    python3 -m tools.bootstrap run|test|build

Order: system (tools/requirements.py), virtual environment, Python packages, front end, var/ with secrets.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools import requirements
from tools.console import PYTHON, ROOT, VAR, VENV, Failed, main_guard, run, say, step

FRONTEND = ROOT / "frontend"
DIST = FRONTEND / "dist"
STAMPS = VAR / "stamps"
SECRETS = VAR / "secrets.env"


def _digest(paths: Iterable[Path], *words: str) -> str:
    found = hashlib.sha256("\0".join(words).encode())
    for path in sorted(paths):
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _stamped(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text() == digest


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two `make run` in one checkout wait for each other instead of installing over each other."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "bootstrap.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("另一个命令正在准备环境, 等待它完成 …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _venv_alive() -> bool:
    if not PYTHON.exists():
        return False
    probe = subprocess.run(
        [str(PYTHON), "-c", "import pip, sys; print(sys.version_info >= (3, 11))"],
        capture_output=True,
        text=True,
        check=False,
    )
    return probe.stdout.strip() == "True"


def python_packages(*, dev: bool) -> None:
    if not _venv_alive():
        with step("建立 Python 虚拟环境 .venv"):
            shutil.rmtree(VENV, ignore_errors=True)  # left by a removed or older Python
            run([sys.executable, "-m", "venv", str(VENV)])
    files = [ROOT / "requirements.txt", *([ROOT / "requirements-dev.txt"] if dev else [])]
    digest = _digest(files, sys.version)
    stamp = VENV / (".stamp-dev" if dev else ".stamp-run")
    if _stamped(stamp, digest):
        return
    with step(f"安装 Python 软件包 ({files[-1].name})"):
        run(
            [
                str(PYTHON),
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
                "-q",
                "-r",
                str(files[-1]),
            ]
        )
        stamp.write_text(digest)
        if dev:
            (VENV / ".stamp-run").write_text(_digest(files[:1], sys.version))


def _frontend_sources() -> list[Path]:
    skipped = {"node_modules", "dist", "coverage"}
    found = []
    for folder, folders, names in os.walk(FRONTEND):
        folders[:] = [name for name in folders if name not in skipped and not name.startswith(".")]
        found += [Path(folder) / name for name in names if not name.endswith(".tsbuildinfo")]
    return found


def node_packages() -> None:
    digest = _digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    stamp = FRONTEND / "node_modules" / ".stamp"
    if _stamped(stamp, digest):
        return
    with step("安装前端软件包 (npm ci)"):
        # NODE_ENV=production would leave out the build tools.
        run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FRONTEND, env={"NODE_ENV": ""})
        stamp.write_text(digest)


def frontend(*, force: bool = False) -> None:
    node_packages()
    digest = _digest(_frontend_sources())
    stamp = STAMPS / "frontend"
    if not force and _stamped(stamp, digest) and (DIST / "pc.html").exists() and (DIST / "m.html").exists():
        return
    with step("构建前端 (npm run build)"):
        run(["npm", "run", "build"], cwd=FRONTEND)
        for page in ("pc.html", "m.html"):
            if not (DIST / page).exists():
                raise Failed(f"前端构建没有产生 frontend/dist/{page}")
        STAMPS.mkdir(parents=True, exist_ok=True)
        stamp.write_text(digest)


def _key(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()


def _sm2_key() -> str:
    """Below the order of the curve (its first byte is 0xFF), and not zero."""
    return base64.b64encode(bytes([secrets.randbelow(255)]) + secrets.token_bytes(31)).decode()


def _seal_keys() -> list[str]:
    """Private keys that sign sealed months."""
    return [f"SEAL_ED25519_KEY={_key(32)}", f"SEAL_SM2_KEY={_sm2_key()}"]


def _add_missing_secrets() -> None:
    """An installation from before months were sealed gets its keys now; nothing that is there is touched."""
    text = SECRETS.read_text()
    missing = [line for line in _seal_keys() if f"\n{line.split('=')[0]}=" not in f"\n{text}"]
    if missing:
        with SECRETS.open("a") as sink:
            sink.write("\n".join(missing) + "\n")


def var_folder() -> None:
    """Folders for data, logs and pid files, and the secrets of this installation (readable by the owner only)."""
    VAR.chmod(0o700)  # names are encrypted in the database, photos are not
    for name in ("log", "run", "media", "stamps"):
        (VAR / name).mkdir(parents=True, exist_ok=True)
    if SECRETS.exists():
        _add_missing_secrets()
        return
    if (VAR / "zhishan.sqlite3").exists():
        raise Failed(
            "var/zhishan.sqlite3 在, 但 var/secrets.env 不在: 没有原来的密钥, 姓名和证件号码无法解密。\n"
            "请恢复 var/secrets.env; 如果只是演示数据, 用 `make reset-demo` 重新开始。"
        )
    lines = [
        "# 本机自动生成的密钥。不要提交, 不要外传; 丢失后已加密的姓名和证件号码无法恢复。",
        f"SECRET_KEY={secrets.token_urlsafe(50)}",
        f"FIELD_KEYS=k1={_key(16)}",
        "FIELD_KEY_CURRENT=k1",
        f"BLIND_INDEX_KEY={_key(32)}",
        *_seal_keys(),
    ]
    descriptor = os.open(SECRETS, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as sink:
        sink.write("\n".join(lines) + "\n")


def prepare(*, tests: bool, build: bool = True) -> None:
    """Everything up to a working environment; raises `Failed` with what to do."""
    requirements.ensure(tests=tests)
    with _one_at_a_time():
        python_packages(dev=tests)
        if build:
            frontend()
        else:
            node_packages()
        var_folder()


def main() -> int:
    """`build` builds the front end even if its stamp says that nothing changed."""
    if sys.argv[1:] == ["build"]:
        with _one_at_a_time():
            frontend(force=True)
        return 0
    if sys.argv[1:] not in (["run"], ["test"]):
        raise Failed("usage: python3 -m tools.bootstrap run|test|build")
    prepare(tests=sys.argv[1] == "test")
    return 0


if __name__ == "__main__":
    sys.exit(main_guard(main))
