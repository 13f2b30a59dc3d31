"""First of all: is everything here that only the system can give? Root installs it, others are told exactly what."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from tools.console import Failed, run, say, step
from tools.machine import find_chromium, has_cjk_font, has_library

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)


@dataclass(frozen=True)
class Missing:
    """What is absent, why it is needed, and the Debian/Ubuntu packages that bring it."""

    what: str
    packages: tuple[str, ...]


def _node_version() -> tuple[int, ...]:
    if shutil.which("node") is None or shutil.which("npm") is None:
        return (0,)
    text = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", text)) or (0,)


def check_languages() -> None:
    """Python and Node cannot be brought by a distribution package reliably: say so and stop."""
    problems = []
    if sys.version_info < OLDEST_PYTHON:
        problems.append(
            f"需要 Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} 或更新版本, 现在是 {sys.version.split()[0]} ({sys.executable})。"
            "可用 `make PYTHON=/路径/python3.12 …` 指定。"
        )
    node = _node_version()
    if node < OLDEST_NODE:
        found = "没有找到 node 或 npm" if node == (0,) else f"现在是 {'.'.join(map(str, node))}"
        problems.append(f"需要 Node.js {OLDEST_NODE[0]}.{OLDEST_NODE[1]} 或更新版本 (含 npm), {found}。")
    if problems:
        raise Failed("还不能开始:\n" + "\n".join(f"  - {problem}" for problem in problems))


def missing_parts(*, tests: bool) -> list[Missing]:
    found = []
    if not _venv_works():
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        found.append(Missing("Python 的 venv 模块", (f"python{version}-venv",)))
    if not all(has_library(name) for name in ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")):
        found.append(Missing("Pango (生成 PDF 报告)", ("libpango-1.0-0", "libpangoft2-1.0-0")))
    if not has_library("libharfbuzz-subset.so.0"):
        found.append(Missing("HarfBuzz subset (PDF 字体子集)", ("libharfbuzz-subset0",)))
    if not has_cjk_font():
        found.append(Missing("中文字体 Noto CJK (PDF 报告的汉字)", ("fonts-noto-cjk", "fontconfig")))
    if tests and find_chromium() is None:
        found.append(Missing("Chromium (浏览器测试)", ("chromium",)))
    if tests and not all(shutil.which(name) for name in ("pdftotext", "pdffonts", "pdftoppm")):
        found.append(Missing("Poppler 工具 (检查 PDF 的测试)", ("poppler-utils",)))
    return found


def _venv_works() -> bool:
    try:
        import ensurepip
        import venv
    except ImportError:
        return False
    return bool(ensurepip.version() and venv.__name__)


def ensure(*, tests: bool) -> None:
    """Nothing else is done before this passes."""
    check_languages()
    missing = missing_parts(tests=tests)
    if not missing:
        return
    packages = sorted({package for part in missing for package in part.packages})
    command = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        listing = "\n".join(f"  - {part.what}" for part in missing)
        raise Failed(f"还不能开始, 系统缺少:\n{listing}\n请先以 root 执行:\n  {command}")
    say(f"系统缺少: {', '.join(part.what for part in missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"安装系统软件包 {' '.join(packages)}"):
        run(["apt-get", "update", "-q"], env=quiet)
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], env=quiet)
    still = missing_parts(tests=tests)
    if still:
        raise Failed("已安装软件包, 但仍然缺少: " + ", ".join(part.what for part in still))
