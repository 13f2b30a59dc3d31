"""A county before its month, and desks to sit down at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.desk import at_desk
from tests.factories import Cast, cast, make_enrolment, make_scheme, make_workdays
from tests.support.feeds import settle_silent_days
from tests.workflows.world import DEFINITION, OCTOBER, WORKDAYS


@pytest.fixture
def company() -> Cast:
    """Three institutions with two children each; nobody has opened the month yet."""
    company = cast()
    make_scheme(company.county, definition=DEFINITION)
    for institution in (company.jasmine, company.bamboo, company.nowhere):
        for number in (1, 2):
            enrolment = make_enrolment(institution=institution)
            make_workdays(enrolment.child, institution, WORKDAYS[: 6 - number])
    settle_silent_days((company.jasmine, company.bamboo, company.nowhere), OCTOBER)
    return company


@pytest.fixture
def sit(browser: Browser, live_server: Any, browser_context_args: dict[str, Any]) -> Callable[..., Any]:
    def desk(username: str, path: str = "/", phone: dict[str, Any] | None = None) -> Any:
        return at_desk(browser, live_server.url, username, {**browser_context_args, **(phone or {})}, path)

    return desk
