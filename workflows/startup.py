"""Refuse to start on a database the code does not fit: asked by the web server and the Celery worker.

`migrate` and `run_jobs` ask Django's check framework themselves (`Tags.database`); a WSGI server and a Celery
worker would not ask at all, and would show a step as gone or skip its jobs without a word.
"""

from __future__ import annotations

import logging

from django.core.checks import ERROR, Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

logger = logging.getLogger(__name__)


def refuse_unfit_database() -> None:
    """Raises `ImproperlyConfigured` with every error of the database checks (E011, E012).

    A database that does not answer is no reason: a worker that is replaced during an outage must not take the site
    down, and the health page says what is wrong. Silent while migrations are pending, like the checks.
    """
    try:
        found = run_checks(tags=[Tags.database], databases=["default"])
    except DatabaseError as error:
        logger.error("stored references not checked: the database answers %s", type(error).__name__)
        return
    finally:
        connections.close_all()  # a server that forks must not share it
    wrong = [f"{message.id} {message.msg}" for message in found if message.level >= ERROR]
    if wrong:
        raise ImproperlyConfigured("程序与数据库中的流程不符, 拒绝启动: " + "; ".join(wrong))
