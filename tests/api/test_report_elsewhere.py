"""The same sealed month printed by another process, years later, in another zone and language: the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import pickle  # noqa: TID251 - handed from this test to its own child process
import subprocess
import sys
from pathlib import Path

import pytest

from backend.apps.accounts.models import User
from backend.apps.reporting.selectors.month import report_lines, report_month
from backend.apps.reporting.selectors.statement import report_statement, sealed_statement
from backend.apps.reporting.selectors.statistics import Period, statistics_by
from backend.apps.reporting.services import building
from backend.apps.reporting.services import statement as statements
from backend.apps.reporting.services.statement import statement_pdf
from backend.apps.reporting.services.statistics_xlsx import statistics_xlsx
from backend.apps.reporting.services.xlsx import report_xlsx
from backend.apps.subsidy.models import Snapshot
from backend.common.service_month import ServiceMonth
from tests.api.month import Month

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
YEAR = Period(ServiceMonth(2026, 1), ServiceMonth(2026, 12))
# What was read from the seal is handed over; the other process has no database to ask.
ELSEWHERE = """
import hashlib, json, locale, pickle, sys, time
import django
django.setup()
import time_machine
from django.utils import timezone, translation
from backend.apps.reporting.services import building, statement
from backend.apps.reporting.services.statistics_xlsx import statistics_xlsx
from backend.apps.reporting.services.xlsx import report_xlsx

locale.setlocale(locale.LC_ALL, "")
read = pickle.load(open(sys.argv[1], "rb"))
building._rows = lambda month: read["county_rows"]
building.report_lines = lambda snapshot: iter(read["lines"])
statement._own_rows = lambda found: read["own_rows"]
with time_machine.travel("2031-02-03T04:05:06+00:00"), translation.override("en"):
    made = {
        "county": building.month_pdf(read["month"]),
        "workbook": report_xlsx(read["month"], read["lines"]),
        "statement": statement.statement_pdf(read["statement"]),
        "statistics": statistics_xlsx(read["statistics"]),
    }
print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in made.items()}))
"""


def test_another_process_in_another_year_zone_and_language_makes_the_same_bytes(
    sealed: Month, tmp_path: Path
) -> None:
    snapshot = Snapshot.objects.get(cycle_id=sealed.cycle.pk)
    month = report_month(snapshot)
    found = report_statement(
        sealed_statement(cycle_id=sealed.cycle.pk, institution_id=sealed.cast.jasmine.pk)
    )
    read = {
        "month": month,
        "lines": list(report_lines(snapshot)),
        "county_rows": building._rows(month),
        "statement": found,
        "own_rows": statements._own_rows(found),
        "statistics": statistics_by(actor=User.objects.get(pk=sealed.cast.auditor.pk), period=YEAR),
    }
    here = {
        "county": building.month_pdf(month),
        "workbook": report_xlsx(month, read["lines"]),
        "statement": statement_pdf(found),
        "statistics": statistics_xlsx(read["statistics"]),
    }
    handed = tmp_path / "read.pickle"
    handed.write_bytes(pickle.dumps(read))
    told = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(handed)],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DJANGO_SETTINGS_MODULE": "backend.config.settings.test",
            "TZ": "America/New_York",
            "LC_ALL": "C",
            "LANG": "C",
            "PYTHONHASHSEED": "7",
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(told) == {name: hashlib.sha256(content).hexdigest() for name, content in here.items()}
