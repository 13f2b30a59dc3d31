"""The commands behind the Makefile: what they start they stop, what is missing they name."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap, demo, requirements, run_tests, serve
from tools.console import Failed, table
from tools.supervisor import RESTARTS_ALLOWED, Child, Supervisor

ROOT = Path(__file__).resolve().parents[2]


def services(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "services.py"), *arguments],
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_services_start_and_stop_around_a_command() -> None:
    script = (
        "import os, redis; client = redis.Redis.from_url(os.environ['REDIS_URL']);"
        "print(client.ping(), client.info()['process_id']); raise SystemExit(7)"
    )
    done = services("--redis", "--", sys.executable, "-c", script)
    assert done.returncode == 7
    answer, pid = done.stdout.split()
    assert answer == "True"
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("arguments", "env", "sentence"),
    [
        (("--postgres",), {"PG_BIN": "/nonexistent"}, "no PostgreSQL server"),
        (("--redis",), {"REDIS_BIN": "/nonexistent"}, "no Redis server"),
        (("--postgres",), {"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL is set, but 'sqlite' is not one of"),
        (("--redis",), {"REDIS_URL": "redis://127.0.0.1:1/0"}, "127.0.0.1:1 does not answer"),
    ],
)
def test_services_say_what_is_missing(arguments: tuple[str, ...], env: dict[str, str], sentence: str) -> None:
    done = services(*arguments, "--", "true", **env)
    assert done.returncode == 3
    assert sentence in done.stderr


def test_missing_system_parts_are_named_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "has_cjk_font", lambda: False)
    monkeypatch.setattr(requirements, "has_library", lambda name: name != "libpango-1.0.so.0")
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 1000)
    with pytest.raises(Failed) as caught:
        requirements.ensure(tests=False)
    assert str(caught.value).splitlines()[-1].strip() == (
        "apt-get update && apt-get install -y --no-install-recommends"
        " fontconfig fonts-noto-cjk libpango-1.0-0 libpangoft2-1.0-0"
    )


def test_old_node_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "_node_version", lambda: (18, 19, 0))
    with pytest.raises(Failed, match=r"需要 Node.js 20.19 或更新版本 \(含 npm\), 现在是 18.19.0"):
        requirements.check_languages()


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bootstrap, "VAR", tmp_path)
    monkeypatch.setattr(bootstrap, "SECRETS", tmp_path / "secrets.env")
    return tmp_path


def test_secrets_are_made_once_and_private(var: Path) -> None:
    bootstrap.var_folder()
    first = (var / "secrets.env").read_text()
    assert stat.S_IMODE((var / "secrets.env").stat().st_mode) == 0o600
    assert stat.S_IMODE(var.stat().st_mode) == 0o700
    bootstrap.var_folder()
    assert (var / "secrets.env").read_text() == first


def test_an_older_installation_gets_the_keys_it_lacks(var: Path) -> None:
    old = "SECRET_KEY=x\nSEAL_SM2_KEY=kept\n"
    (var / "secrets.env").write_text(old)
    bootstrap.var_folder()
    text = (var / "secrets.env").read_text()
    assert text.startswith(old)
    assert [line.split("=")[0] for line in text.splitlines()] == [
        "SECRET_KEY",
        "SEAL_SM2_KEY",
        "SEAL_ED25519_KEY",
    ]
    bootstrap.var_folder()
    assert (var / "secrets.env").read_text() == text


def test_a_database_without_its_keys_is_not_given_new_ones(var: Path) -> None:
    (var / "zhishan.sqlite3").write_bytes(b"")
    with pytest.raises(Failed, match=r"var/secrets.env 不在"):
        bootstrap.var_folder()
    assert not (var / "secrets.env").exists()


def test_a_child_that_keeps_ending_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.supervisor.ROOT", tmp_path)
    steady = Child(title="稳定", command=["sleep", "60"], log=tmp_path / "steady.log")
    broken = Child(title="坏的", command=["sh", "-c", "echo why; exit 9"], log=tmp_path / "broken.log")
    supervisor = Supervisor([steady, broken], dict(os.environ))
    supervisor.start_all()
    assert steady.process is not None
    try:
        with pytest.raises(Failed, match=r"坏的在 60 秒内结束了 6 次 \(状态 9\)(.|\n)*why"):
            supervisor.run_until_stopped(ready=lambda: False, on_ready=lambda: None)
        assert steady.process.poll() is None
    finally:
        supervisor.stop_all()
    assert steady.process.poll() is not None
    assert len(broken.ended) == RESTARTS_ALLOWED + 1


def test_a_pid_used_again_is_not_our_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "VAR", tmp_path)
    (tmp_path / "run").mkdir()
    born = serve._born(os.getpid())
    (tmp_path / "run" / "8000.json").write_text(f'{{"pid": {os.getpid()}, "born": "{born}", "port": 8000}}')
    (tmp_path / "run" / "8001.json").write_text(f'{{"pid": {os.getpid()}, "born": "1", "port": 8001}}')
    assert [one.port for one in serve.instances()] == [8000]


def test_every_test_belongs_to_exactly_one_part_per_database() -> None:
    marks = {part.name: part.options[part.options.index("-m") + 1] for part in run_tests.PARTS}
    assert marks == {
        "sqlite": "not browser and not broker",
        "postgresql": "not browser and not broker",
        "broker": "broker",
        "browser": "browser",
    }


def test_table_counts_chinese_characters_twice() -> None:
    assert table([("步骤", "时间"), ("ab", "1")]) == "步骤  时间\nab    1"


def test_welcome_names_every_demo_account_group() -> None:
    text = demo.welcome("http://127.0.0.1:8000")
    names = (
        "county01",
        "town01",
        "operator01",
        "leader01",
        "finance01",
        "sysadmin",
        "secadmin",
        "auditadmin",
    )
    assert [name for name in names if name not in text] == []
