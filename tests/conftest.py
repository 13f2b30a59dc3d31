"""One suite for every edition: SQLite or PostgreSQL, embedded or Celery with Redis, and Chromium.

A part that cannot run fails; it is never skipped in silence. The report at the end says what was used.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from tests.support import seeded, used
from tests.support.celery_worker import CeleryWorker, running_worker
from tools.machine import CHROMIUM_MISSING, find_chromium

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}
BROWSER_FIXTURES = {"page", "context", "browser", "new_context"}
CHROMIUM_FLAGS = [
    "--disable-gpu",
    # Chromium opens no connection of its own, so that "no request leaves the site" is a real assertion.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _vendor() -> str:
    return "sqlite" if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3") else "postgresql"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--needs-database",
        action="store_true",
        help="only tests that use the database: what is pure was proved on the other one",
    )


def _uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    case = getattr(item, "cls", None)
    return (
        item.get_closest_marker("django_db") is not None
        or bool(fixtures & DATABASE_FIXTURES)
        or (isinstance(case, type) and issubclass(case, TransactionTestCase))
    )


# --- selection ------------------------------------------------------------------------------------
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks follow from fixtures; a test for the other database is deselected and counted as such."""
    deselected = []
    only_database = config.getoption("--needs-database")
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & BROWSER_FIXTURES:
            item.add_marker("browser")
        if "celery_worker" in fixtures or "start_celery_worker" in fixtures:
            item.add_marker("broker")
        marker = item.get_closest_marker("only_on")
        if (marker is not None and marker.args != (_vendor(),)) or (
            only_database and not _uses_database(item)
        ):
            deselected.append(item)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        gone = set(deselected)
        items[:] = [item for item in items if item not in gone]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser"):
        # Playwright's sync API keeps an event loop running in the test thread, which Django's guard sees.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


# --- database -------------------------------------------------------------------------------------
def _database_version() -> str:
    if connection.vendor == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: Any, request: pytest.FixtureRequest
) -> Iterator[None]:
    """After migrating: keep the seeded rows, and let every flush bring them back."""
    with django_db_blocker.unblock():
        kept = seeded.keep(connection)
        used.record(request.config, "database", _database_version())

    def teardown(_case: TransactionTestCase) -> None:
        seeded.reset(connection, kept)

    original = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]  # the one place flush is called
    yield
    TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]  # restored


@pytest.fixture(autouse=True)
def media_folder(tmp_path: Path, settings: Any) -> Path:
    """Photos, reports and seal packages of one test never meet those of another."""
    settings.MEDIA_ROOT = tmp_path / "media"
    folder = {**settings.SEAL_BACKUPS["directory"], "folder": str(tmp_path / "seals")}
    settings.SEAL_BACKUPS = {"directory": folder}
    return tmp_path / "media"


# --- broker ---------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """The real Redis; its database must be empty at first, because tests clear it."""
    import redis

    url = os.environ.get("REDIS_URL")
    if not url:
        pytest.fail(
            "REDIS_URL is not set: run `make test`, or "
            "`python tools/services.py --redis -- pytest -m broker`.",
            pytrace=False,
        )
    client = redis.Redis.from_url(url)
    if client.dbsize():
        pytest.fail("the Redis database of REDIS_URL is not empty; tests would clear it", pytrace=False)
    version = client.info("server")["redis_version"]
    client.close()
    used.record(request.config, "broker", f"Redis {version}")
    return url


@pytest.fixture
def start_celery_worker(
    transactional_db: None, redis_url: str, tmp_path: Path, settings: Any, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """Function that returns a context manager around one more real worker process."""
    import celery
    import redis

    used.record(request.config, "broker", f"Celery {celery.__version__}")
    settings.JOB_RUNNER = "celery"
    counter = iter(range(1_000))

    def start(**options: Any) -> Any:
        return running_worker(log=tmp_path / f"celery-{next(counter)}.log", **options)

    yield start
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()


@pytest.fixture
def celery_worker(start_celery_worker: Any) -> Iterator[CeleryWorker]:
    """One running worker with two pool processes."""
    with start_celery_worker() as worker:
        yield worker


# --- browser --------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = find_chromium()
    if chromium is None:
        pytest.fail(CHROMIUM_MISSING, pytrace=False)
    if not (settings.FRONTEND_DIST / "pc.html").exists():
        pytest.fail(
            "the front end is not built: run `make test`, or `npm run build` in frontend/", pytrace=False
        )
    # Chromium's sandbox refuses root; tests as root happen in containers only.
    flags = [*CHROMIUM_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else CHROMIUM_FLAGS
    return {**browser_type_launch_args, "executable_path": chromium, "args": flags}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1366, "height": 768},
        "service_workers": "block",
    }


@pytest.fixture(scope="session")
def browser(browser: Any, request: pytest.FixtureRequest) -> Any:
    used.record(request.config, "browser", f"Chromium {browser.version}")
    return browser


# --- report ---------------------------------------------------------------------------------------
def pytest_report_header(config: pytest.Config) -> list[str]:
    target = os.environ.get("REDIS_URL", "")
    return [
        f"database: {_vendor()} ({'DATABASE_URL' if os.environ.get('DATABASE_URL') else 'file in a temporary folder'})"
        f" · broker: {'Redis of REDIS_URL' if target else 'none offered'}"
        f" · browser: {find_chromium() or 'none found'}"
    ]


@pytest.hookimpl(optionalhook=True)  # unknown when xdist is switched off
def pytest_testnodedown(node: Any, error: object) -> None:
    used.from_worker(node.config, node)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if hasattr(session.config, "workeroutput"):
        used.to_controller(session.config)
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    counts = {
        name: len(terminalreporter.stats.get(name, ()))
        for name in ("passed", "failed", "error", "skipped", "deselected", "xfailed")
    }
    used.write_report(config, counts)
    if counts["skipped"]:
        terminalreporter.write_line(
            "skipped tests count as failed: say only_on(vendor, reason), or make the part run", red=True
        )
    terminalreporter.write_line(f"used · {used.sentence(config)}")
