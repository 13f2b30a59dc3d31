"""预警设置 leave an evaluated month as it was."""

from __future__ import annotations

import pytest

from backend.apps.alerts.models import Alert, HeadcountThreshold, RuleSetting
from backend.apps.audit.models import AuditEvent
from tests.api.month import Month
from tests.api.support import assert_problem, get, post
from tests.api.test_alert_settings import BURST, SET

pytestmark = pytest.mark.django_db


def test_an_evaluated_month_is_left_alone(sealed: Month) -> None:
    user, company = sealed.cast.county_one, sealed.cast
    before = list(Alert.objects.order_by("id").values_list("evidence_hash", "evidence", "state"))
    rules, thresholds = RuleSetting.objects.count(), HeadcountThreshold.objects.count()
    path = f"/alerts/thresholds/{company.jasmine.pk}"
    refused = [
        post(user, path, SET | {"starts_on": "2026-10-31"}),
        post(
            user,
            "/alerts/thresholds/bulk",
            {"county": "330683", "number": 30, "starts_on": "2026-09-01", "reason": "统一调整人数"},
        ),
        post(user, "/alerts/rules", BURST | {"starts_month": "2026-10"}),
    ]
    for response in refused:
        problem = assert_problem(response, 409, "month_evaluated")
        assert problem["detail"] == "2026-10 已评定, 不再改变; 请从 2026-11-01 起设置"
    assert (RuleSetting.objects.count(), HeadcountThreshold.objects.count()) == (rules, thresholds)
    assert not AuditEvent.objects.filter(action__in=["alerts.threshold.set", "alerts.rule.set"]).exists()
    assert get(user, path).json()["earliest"] == "2026-11-01"
    assert get(user, "/alerts/rules").json()["earliest"] == "2026-11"
    assert post(user, path, SET).status_code == 200
    assert post(user, "/alerts/rules", BURST).status_code == 200
    assert list(Alert.objects.order_by("id").values_list("evidence_hash", "evidence", "state")) == before
