"""无合格办理人 over HTTP: the list and the badge of the administrators."""

from __future__ import annotations

import pytest

from backend.apps.accounts.models import User
from tests.api.month import Month
from tests.api.support import get

pytestmark = pytest.mark.django_db


def test_tasks_nobody_may_take(reviewed: Month) -> None:
    company = reviewed.cast
    assert get(company.system_admin, "/unattended/count").json() == {"count": 0}
    User.objects.filter(pk=company.town_luoshan.pk).update(is_active=False)
    (row,) = get(company.system_admin, "/unattended").json()["results"]
    assert (row["title"], row["institution_name"], row["holders"], row["month"]) == (
        "乡镇街道初审",
        company.bamboo.name,
        0,
        "2026-10",
    )
    assert row["reason"] == "没有在岗人员; 请为此范围指定人员"
    assert get(company.system_admin, "/unattended/count").json() == {"count": 1}
