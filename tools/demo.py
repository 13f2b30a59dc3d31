"""The embedded database of `make run`: migrated, and with a demo county when it is new.

A new SQLite database is built beside its final place and moved there when complete, so that an
interrupted first start leaves no half-filled county behind.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools.console import PYTHON, ROOT, VAR, Failed, run, say, step

DATABASE = VAR / "zhishan.sqlite3"
MEDIA = VAR / "media"
SEED = ("demo_seed", "--county", "330683", "--month", "2026-10", "--seed", "1")
SETTINGS = {"DJANGO_SETTINGS_MODULE": "backend.config.settings.embedded"}
PASSWORD = "Zhishan-2026"  # noqa: S105 - invented people of the embedded edition, printed on purpose
ACCOUNTS = (
    ("county01 county02", "县级审核员: 开启月份, 设置应出勤天数, 县级审核"),
    ("town01 … town15", "乡镇街道审核员, 按代码顺序"),
    ("operator01 …", "托育机构经办人, 每家机构一个"),
    ("leader01", "评定人: 月度评定"),
    ("finance01", "审计员: 只读, 下载报告"),
    ("sysadmin secadmin auditadmin", "系统, 安全, 审计管理员"),
)


def manage(*arguments: str, env: dict[str, str] | None = None) -> None:
    run([str(PYTHON), "manage.py", *arguments], env={**SETTINGS, **(env or {})})


def _files(database: Path) -> list[Path]:
    return [database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm")]


def _remove(database: Path) -> None:
    for path in _files(database):
        path.unlink(missing_ok=True)


def _build_new() -> None:
    """Migrate and seed in a temporary file, then move it into place."""
    building = VAR / "building.sqlite3"
    _remove(building)
    env = {"DATABASE_URL": f"sqlite:///{building}"}
    with step("建立数据库"):
        manage("migrate", "--noinput", "-v", "0", env=env)
    with step("生成演示县 330683 嵊州市, 2026-10"):
        manage(*SEED, env=env)
    leftover = [path.name for path in _files(building)[1:] if path.exists() and path.stat().st_size]
    if leftover:
        raise Failed(f"数据库仍被使用, 没有写完: {', '.join(leftover)}")
    building.replace(DATABASE)
    _remove(building)


def ensure_database() -> None:
    """Migrated, with a demo county if it was new. DATABASE_URL, if set, is migrated and never seeded by itself."""
    if os.environ.get("DATABASE_URL"):
        with step("更新 DATABASE_URL 指定的数据库"):
            manage("migrate", "--noinput", "-v", "0")
        say("  使用 DATABASE_URL 指定的数据库; 需要演示数据时执行 manage.py " + " ".join(SEED))
    elif not DATABASE.exists():
        _build_new()
    else:
        with step("更新数据库结构"):
            manage("migrate", "--noinput", "-v", "0")


def delete() -> None:
    """Remove the embedded database and the photos and reports that belong to it."""
    _remove(DATABASE)
    shutil.rmtree(MEDIA, ignore_errors=True)


def collect_static() -> None:
    """Copy the built front end to where the server reads it, when it has changed."""
    source, stamp = VAR / "stamps" / "frontend", VAR / "stamps" / "static"
    wanted = source.read_text()
    if stamp.exists() and stamp.read_text() == wanted and (VAR / "static").exists():
        return
    with step("收集静态文件"):
        manage("collectstatic", "--noinput", "--clear", "-v", "0")
        stamp.write_text(wanted)


def welcome(address: str) -> str:
    width = max(len(name) for name, _ in ACCOUNTS)
    lines = [
        "",
        "智剡托育 已启动",
        f"  地址      {address}/          手机页面  {address}/m/",
        f"  日志      {(VAR / 'log').relative_to(ROOT)}/   数据  {VAR.relative_to(ROOT)}/",
        "",
        f"  演示账号 (密码都是 {PASSWORD}):",
        *(f"    {name:<{width}}  {what}" for name, what in ACCOUNTS),
        "",
        "  按 Ctrl-C 或执行 make stop 停止。",
        "",
    ]
    return "\n".join(lines)
