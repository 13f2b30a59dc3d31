"""What this machine has: used by the bootstrap before the virtual environment exists, and by the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_MISSING = (
    "没有找到 Chromium: 浏览器测试需要它。请以 root 执行 `apt-get install chromium` (Ubuntu: chromium-browser), "
    "或者用环境变量 CHROMIUM 指明可执行文件。"
)


def find_chromium() -> str | None:
    """Path of a Chromium-like browser: CHROMIUM if set, else the first one on PATH."""
    given = os.environ.get("CHROMIUM")
    if given:
        return given if os.access(given, os.X_OK) else None
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def has_library(name: str) -> bool:
    """Whether the dynamic linker finds e.g. `libpango-1.0.so.0`."""
    cache = next((found for name_ in ("ldconfig", "/sbin/ldconfig") if (found := shutil.which(name_))), None)
    if cache is not None:
        listing = subprocess.run([cache, "-p"], capture_output=True, text=True, check=False).stdout
        if name in listing:
            return True
    folders = (
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        *(str(p) for p in Path("/usr/lib").glob("*-linux-gnu")),
    )
    return any((Path(folder) / name).exists() for folder in folders)


def has_cjk_font() -> bool:
    """Whether fontconfig knows the exact family the reports ask for."""
    if shutil.which("fc-list") is None:
        return any(Path("/usr/share/fonts").glob("**/NotoSerifCJK-Regular.ttc"))
    listing = subprocess.run(
        ["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False
    ).stdout
    return "Noto Serif CJK SC" in listing
