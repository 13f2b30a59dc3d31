"""What deploy/ promises: every setting is in the example, a backup restores, scripts refuse to overwrite."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from backend.apps.institutions.models import Region
from backend.common.guards import guarded_tables
from tests.support.celery_worker import database_url
from tools.server_binaries import find_postgres

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "deploy" / "bin"


def production_variables() -> set[str]:
    """Names that the production settings read from the environment."""
    tree = ast.parse((ROOT / "backend" / "config" / "settings" / "production.py").read_text(encoding="utf-8"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and isinstance(node.args[0], ast.Constant)
    }


def test_example_environment_is_complete() -> None:
    text = (ROOT / "deploy" / ".env.example").read_text(encoding="utf-8")
    offered = set(re.findall(r"^([A-Z0-9_]+)=", text, flags=re.MULTILINE))
    assert offered == production_variables() | {"DJANGO_SETTINGS_MODULE"}


def test_example_holds_no_secret() -> None:
    text = (ROOT / "deploy" / ".env.example").read_text(encoding="utf-8")
    for name in ("SECRET_KEY", "BLIND_INDEX_KEY", "SEAL_ED25519_KEY", "SEAL_SM2_KEY"):
        assert f"\n{name}=\n" in text
    assert "\nFIELD_KEYS=k1=\n" in text


def run(script: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    binaries = find_postgres()[0]
    return subprocess.run(
        [str(BIN / script), *arguments],
        env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.only_on("postgresql", reason="pg_dump and pg_restore; the embedded edition copies its file")
@pytest.mark.django_db(transaction=True)
def test_backup_restores_rows_guards_and_photos(tmp_path: Path) -> None:
    source = database_url()
    empty = f"{connection.settings_dict['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {empty}")
    try:
        parts = urlsplit(source)
        target = urlunsplit(parts._replace(path=f"/{empty}"))
        media = tmp_path / "media"
        (media / "2026").mkdir(parents=True)
        (media / "2026" / "a.jpg").write_bytes(b"photo")
        made = run("backup", DATABASE_URL=source, MEDIA_ROOT=str(media), BACKUP_DIR=str(tmp_path / "backup"))
        assert made.returncode == 0, made.stderr
        folder = made.stdout.strip()

        refused = run("restore", folder, DATABASE_URL=source, MEDIA_ROOT=str(tmp_path / "new"))
        assert refused.returncode == 1
        assert "不是空的" in refused.stderr
        assert not (tmp_path / "new").exists()

        done = run("restore", folder, DATABASE_URL=target, MEDIA_ROOT=str(tmp_path / "new"))
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "new" / "2026" / "a.jpg").read_bytes() == b"photo"
        query = (
            f"SELECT (SELECT count(*) FROM {Region._meta.db_table}),"
            " (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal)"
        )
        found = subprocess.run(
            [str(find_postgres()[0] / "psql"), "-XAtc", query, target.replace("postgres:", "postgresql:", 1)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == f"{Region.objects.count()}|{2 * len(guarded_tables())}"
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {empty} WITH (FORCE)")


def test_a_damaged_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "database.dump").write_bytes(b"x")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  database.dump\n")
    done = run(
        "restore",
        str(tmp_path),
        DATABASE_URL="postgres://nobody@127.0.0.1:1/x",
        MEDIA_ROOT=str(tmp_path / "m"),
    )
    assert done.returncode != 0
    assert "database.dump" in done.stdout + done.stderr
    assert not (tmp_path / "m").exists()
