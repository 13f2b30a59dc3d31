"""Two people, or one person's two clicks, at the same moment over HTTP: one effect."""

from __future__ import annotations

from functools import partial

import pytest

from backend.apps.alerts.models import AlertOutcome
from backend.apps.subsidy.models import StatementDecision
from tests.api.month import reviewed_month
from tests.api.support import client_of, complete, first_task, get, post
from tests.support.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_simultaneous_approvals_of_one_task() -> None:
    month = reviewed_month()
    user = month.cast.town_luoshan
    task = first_task(user)
    seen = get(user, f"/tasks/{task['id']}").json()["content_hash"]
    body = {"decision": "approved", "content_hash": seen}
    answers = together(*(partial(complete, user, task, body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"task_not_open"}
    assert StatementDecision.objects.count() == 1


def test_simultaneous_settlements_of_one_alert() -> None:
    month = reviewed_month()
    company, alert = month.cast, month.alert
    body = {"outcome": "dismissed", "reason": "当日开放日, 已核实"}
    people = (company.town_sanjiang, company.county_one, company.county_two)
    answers = together(*(partial(post, who, f"/alerts/{alert.pk}/settle", body) for who in people))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert AlertOutcome.objects.count() == 1


def test_simultaneous_wrong_passwords_are_all_counted() -> None:
    reviewed_month()
    body = {"username": "cast_county2", "password": "wrong-password"}

    def attempt() -> int:
        sent = client_of().post("/api/v1/session", body, content_type="application/json")
        return int(sent.status_code)

    statuses = together(*(attempt for _ in range(8)))
    assert sorted(statuses) == [400] * 5 + [429] * 3
