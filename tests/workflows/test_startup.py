"""Nothing starts on a database with steps the code does not know: web server, worker, runner and migrate alike."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError
from viewflow.workflow.models import Task

from backend.config.celery import _refuse_unfit_database
from tests.support.celery_worker import ROOT, process_environment
from tests.workflows.world import World
from workflows import startup
from workflows.startup import refuse_unfit_database

GONE = "workflows/flows.monthly_cycle.MonthlyCycleFlow.gone"
WEB = [sys.executable, "-m", "gunicorn", "backend.config.wsgi:application", "--bind", "127.0.0.1:0"]


@pytest.fixture
def unknown(opened: World) -> World:
    """The code no longer has the step the month waits in."""
    Task.objects.filter(flow_task__endswith="set_attendance_days").update(flow_task=GONE)
    return opened


def test_the_web_server(unknown: World) -> None:
    """The real one: a gunicorn whose worker cannot load the application ends with code 3."""
    web = subprocess.run(
        WEB, cwd=ROOT, env=process_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert web.returncode == 3, web.stderr[-2000:]
    assert f"workflows.E011 流程引用无法解析: {GONE}" in web.stderr


def test_the_celery_worker(unknown: World) -> None:
    """`worker_init` as Celery calls it; the real worker is started in `test_broker`."""
    with pytest.raises(SystemExit) as caught:
        _refuse_unfit_database()
    assert f"workflows.E011 流程引用无法解析: {GONE}" in str(caught.value)


def test_the_runner_and_migrate(unknown: World) -> None:
    for command in (["run_jobs", "--once"], ["migrate", "--verbosity", "0"]):
        with pytest.raises((SystemCheckError, CommandError), match=r"workflows\.E011"):
            call_command(*command, skip_checks=False)


def test_a_fit_database_is_no_obstacle(opened: World) -> None:
    refuse_unfit_database()
    _refuse_unfit_database()


def test_a_database_that_does_not_answer_is_no_reason(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def silent(**_: Any) -> None:
        raise OperationalError("connection refused for user zhishan")

    monkeypatch.setattr(startup, "run_checks", silent)
    monkeypatch.setattr(startup.connections, "close_all", lambda: None)
    refuse_unfit_database()
    assert "OperationalError" in caplog.text
    assert "zhishan" not in caplog.text


def test_it_names_every_error(unknown: World) -> None:
    with pytest.raises(ImproperlyConfigured, match="拒绝启动"):
        refuse_unfit_database()
