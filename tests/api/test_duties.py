"""职责分离证明 over HTTP."""

from __future__ import annotations

import pytest

from tests.api.month import Month
from tests.api.support import get

pytestmark = pytest.mark.django_db


def test_the_proof_of_a_sealed_month(sealed: Month) -> None:
    company = sealed.cast
    proof = get(company.auditor, f"/cycles/{sealed.cycle.pk}/duties").json()
    assert (proof["month"], proof["county"]["name"], proof["breaches"]) == ("2026-10", "嵊州市", [])
    assert [(act["title"], act["person"]) for act in proof["month_acts"]] == [
        ("月度周期开启", "陈审核"),
        ("应考勤天数设置", "陈审核"),
        ("评定", "赵评定"),
    ]
    jasmine = next(row for row in proof["rows"] if row["institution_name"] == company.jasmine.name)
    assert jasmine["outcome"] == "approved"
    assert [(act["title"], act["person"], act["round"]) for act in jasmine["acts"]] == [
        ("预警处置", "王三江", 0),
        ("初审", "王三江", 1),
        ("县级审核", "陈审核", 1),
    ]
    assert proof["people"] == 5
    assert "person_id" not in str(proof)
