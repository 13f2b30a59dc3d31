"""重算零差: a sealed month works out again to the same columns, and what does not is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backend.apps.attendance.models import Punch
from backend.apps.attendance.services import attendance_ensure_folded
from backend.apps.seals.domain.documents import read_document
from backend.apps.seals.models import Seal
from backend.apps.seals.selectors.inputs import month_inputs
from backend.apps.seals.services import seal_backup, seal_month, seal_package, seal_replay, seal_verify
from backend.apps.subsidy.domain import entitlement
from backend.apps.subsidy.models import Evaluation, MonthlyCycle, Statement
from backend.apps.subsidy.selectors import cycle_content_hash
from backend.apps.subsidy.services import cycle_calculate, snapshot_create
from tests.apps.sealed import checked, tamper
from tests.apps.synthetic_month import Synthetic, synthetic_month
from tests.factories.people import make_user
from tests.factories.places import COUNTY

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 11, 5, 1, tzinfo=UTC)


def calculated(**options: Any) -> Synthetic:
    month = synthetic_month(institutions=4, children=30, **options)
    Punch.objects.bulk_create(month.punches)
    cycle_calculate(cycle_id=month.cycle.pk)
    return month


def sealed(month: Synthetic) -> Seal:
    """Approved and evaluated by rows, so that a test may change facts at any point before."""
    Statement.objects.filter(cycle=month.cycle).update(finished=True, outcome="approved")
    cycle = MonthlyCycle.objects.select_related("county", "scheme").get(pk=month.cycle.pk)
    evaluator = make_user("evaluator", region_code=COUNTY, username="synthetic_evaluator")
    Evaluation.objects.create(
        cycle=cycle,
        by=evaluator,
        by_name=evaluator.display_name,
        at=MOMENT,
        content_hash=cycle_content_hash(cycle),
        total_amount=sum(
            Statement.objects.filter(cycle=cycle).values_list("total_amount", flat=True), Decimal(0)
        ),
    )
    return seal_month(snapshot=snapshot_create(cycle_id=cycle.pk), inputs=month_inputs(cycle))


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("seal_replay", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_every_line_comes_out_the_same(tmp_path: Any) -> None:
    seal = sealed(calculated())
    replay = seal_replay(seal)
    assert (replay.differences, replay.late, replay.problem) == ((), 0, "")
    assert replay.lines >= 30
    seal_backup(seal_id=seal.pk)
    assert run() == (0, f"330683000000 2026-10: {replay.lines} 行, 0 处不同\n")
    path = tmp_path / "month.zip"
    path.write_bytes(seal_package(seal).archive())
    assert run(str(path)) == (0, f"month.zip: {replay.lines} 行, 0 处不同\n")
    assert seal_verify(seal).findings == ()


def test_a_scheme_that_pays_for_places(tmp_path: Any) -> None:
    seal = sealed(calculated(two_institutions="block"))
    assert seal_replay(seal).differences == ()


def test_facts_are_sealed_and_nobody_reads_them_without_the_key() -> None:
    seal = sealed(calculated())
    package = seal_package(seal)
    assert checked(package).faults == ()
    documents = [[read_document(line) for line in tree.lines] for tree in package.trees]
    lines = [d for tree in documents for d in tree if d["kind"] == "line"]
    assert all(set(document["inputs"]) == {"commit"} for document in lines)
    facts = [tree[-1] for tree in documents[1:]]
    assert {document["kind"] for document in facts} == {"facts"}
    assert all(len(document["columns"]["feed"]) == 31 for document in facts)
    assert "birth_date" not in json.dumps(documents)


def test_data_that_came_after_the_review_are_told_apart_from_changed_software() -> None:
    month = calculated()
    late = month.punches[0]
    happened_at = datetime(2026, 10, 30, 0, 30, tzinfo=UTC)
    for hour, direction in ((0, "in"), (8, "out")):
        for day in (12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30):
            moment = happened_at.replace(day=day, hour=hour)
            Punch.objects.get_or_create(
                child=late.child,
                institution=late.institution,
                happened_at=moment,
                direction=direction,
                defaults={"arrived_at": moment, "source": "gate", "idempotency_key": f"late-{moment:%d%H}"},
            )
    attendance_ensure_folded(county_code=COUNTY, month=month.cycle.month)
    replay = seal_replay(sealed(month))
    assert replay.late >= 1
    assert replay.differences == ()


def test_changed_software_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seal = sealed(calculated())
    real = entitlement.six_places
    monkeypatch.setattr(
        entitlement, "six_places", lambda value: real(value) - Decimal("0.000001") if value else real(value)
    )
    found = seal_replay(seal).differences
    assert found
    assert {difference.column for difference in found} == {"factor"}
    first = found[0]
    assert Decimal(first.sealed) - Decimal(first.now) == Decimal("0.000001")
    status, text = run()
    assert (status, f"· {first.key} factor: {first.sealed} → {first.now}" in text) == (1, True)


def test_erased_facts_cannot_be_worked_out_and_it_says_so() -> None:
    seal = sealed(calculated())
    tamper("UPDATE seal_private SET ciphertext = ''")
    assert seal_replay(seal).problem == "计算依据已按保存期限清除, 不能重算"
    assert checked(seal_package(seal)).faults == ()


def test_a_tampered_package_is_not_worked_out() -> None:
    seal = sealed(calculated())
    tamper("UPDATE seal_tree SET documents = REPLACE(documents, 'full_day', 'half_day') WHERE number = 1")
    assert seal_replay(seal).problem == "封存包与签名不符, 先用 seal_verify 核查"
