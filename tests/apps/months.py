"""A small month made row by row, with figures a reader can add up, for tests of decisions, seal and report.

Three institutions of the cast, six children: 茉莉 350.00 + 400.00 + 0.00, 青竹 150.00 + 75.00, 云朵 250.00.
Approved all together: 1,225.00 yuan.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert, AlertInstitution, AlertOutcome
from backend.apps.attendance.models import AttendanceCorrection, RequiredDays
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.domain.derivation import Derivation, Number, Op, RateLeaf, Round
from backend.apps.subsidy.models import (
    EntitlementLine,
    MonthlyCycle,
    Rate,
    Statement,
    StatementDecision,
)
from backend.apps.subsidy.selectors import statement_content_hash
from backend.apps.subsidy.services import statement_decide
from backend.common.service_month import ServiceMonth
from tests.factories import Cast, cast, make_child, make_scheme

OCTOBER = ServiceMonth(2026, 10)
FIRST = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
DAYS = "h" * 7 + "PPPwwPPPPPwwPPPPPwwPPPPP"  # 31 letters; only their being stored matters here


@dataclass
class Month:
    cast: Cast
    cycle: MonthlyCycle
    jasmine: Statement
    bamboo: Statement
    nowhere: Statement

    @property
    def statements(self) -> tuple[Statement, Statement, Statement]:
        return self.jasmine, self.bamboo, self.nowhere


def make_month(company: Cast | None = None) -> Month:
    """Calculated and warned, every statement open in round 1, no alert."""
    company = company or cast()
    scheme = make_scheme(
        company.county, name="嵊州市托育机构考勤补助方案", document_number="嵊卫发〔2026〕12号"
    )
    RequiredDays.objects.create(
        county=company.county,
        month=OCTOBER,
        days=18,
        default_days=18,
        set_by=company.county_one,
        set_at=FIRST,
    )
    cycle = MonthlyCycle.objects.create(
        county=company.county,
        month=OCTOBER,
        scheme=scheme,
        opened_by=company.county_one,
        opened_at=FIRST,
        calculated_at=FIRST,
        warned_at=FIRST,
    )
    jasmine = make_statement(
        cycle,
        company.jasmine,
        "level_1",
        [
            ("王小明", "younger_toddler", "full_day", 18, "1", "350.00"),
            ("欧阳娜娜", "infant", "full_day", 16, "1", "400.00"),
            ("喆一", "younger_toddler", "full_day", 3, "0", "0.00"),
        ],
    )
    bamboo = make_statement(
        cycle,
        company.bamboo,
        "ungraded",
        [
            ("李镕", "older_toddler", "full_day", 17, "1", "150.00"),
            ("赵昇", "older_toddler", "full_day", 9, "0.5", "75.00"),
        ],
    )
    nowhere = make_statement(
        cycle, company.nowhere, "level_3", [("孙堃", "mixed", "full_day", 18, "1", "250.00")]
    )
    return Month(company, cycle, jasmine, bamboo, nowhere)


def make_statement(
    cycle: MonthlyCycle,
    institution: Institution,
    grade: str,
    rows: list[tuple[str, str, str, int, str, str]],
    children: list[Child] | None = None,
) -> Statement:
    """`rows` are (name, class type, care mode, attended days, factor, amount)."""
    amounts = [Decimal(row[5]) for row in rows]
    statement = Statement.objects.create(
        cycle=cycle,
        institution=institution,
        grade_id=grade,
        required_days=18,
        children_count=len(rows),
        paid_children=sum(amount > 0 for amount in amounts),
        total_amount=sum(amounts, Decimal("0.00")),
        calculated_at=FIRST,
    )
    rates = {
        (rate.class_type, rate.care_mode): rate
        for rate in Rate.objects.filter(scheme=cycle.scheme, grade_id=grade)
    }
    EntitlementLine.objects.bulk_create(
        EntitlementLine(
            statement=statement,
            child=children[number]
            if children
            else make_child(name=name, code=f"C{institution.pk:04d}{number:04d}"),
            class_type=class_type,
            care_mode=care_mode,
            attended_days=attended,
            required_days=18,
            not_captured_days=0,
            rate=rates[class_type, care_mode],
            rate_amount=rates[class_type, care_mode].amount,
            factor=Decimal(factor),
            amount=Decimal(amount),
            reason_code="full"
            if Decimal(factor) == 1
            else "partial"
            if Decimal(amount)
            else "below_threshold",
            derivation=_derivation(rates[class_type, care_mode], factor),
        )
        for number, (name, class_type, care_mode, attended, factor, amount) in enumerate(rows)
    )
    return Statement.objects.get(pk=statement.pk)


def _derivation(rate: Rate, factor: str) -> dict[str, Any]:
    """Rate × factor, rounded: folds to the amount."""
    leaf = RateLeaf(
        rate.pk, str(rate.grade), Fraction(rate.amount), rate.document_number, rate.clause, rate.starts_on
    )
    tree = Round(Op("*", (leaf, Number("factor", Fraction(factor)))))
    reason = {"1": "full", "0": "below_threshold"}.get(factor, "partial")
    return Derivation(OCTOBER, DAYS, reason, tree).encode()


def decide(statement: Statement, step: str, decision: str, actor: User, **extra: Any) -> StatementDecision:
    """As a screen would: read the statement, then send what was seen."""
    statement.refresh_from_db()
    return statement_decide(
        **{
            "statement": statement,
            "step": step,
            "round": statement.round,
            "decision": decision,
            "comment": "",
            "content_hash": statement_content_hash(statement),
            "actor": actor,
            **extra,
        }
    )


def approve_all(month: Month) -> None:
    """Township, then county, each by another person."""
    township = {
        month.jasmine.pk: month.cast.town_sanjiang,
        month.bamboo.pk: month.cast.town_luoshan,
        month.nowhere.pk: month.cast.county_two,  # 乡镇街道待补
    }
    for statement in month.statements:
        decide(statement, "review_township", "approved", township[statement.pk])
        decide(statement, "review_county", "approved", month.cast.county_one)


def make_alert(
    institution: Institution,
    *,
    rule: str = "headcount",
    subject: str = "2026-10-12",
    blocking: bool = True,
    touched: tuple[Institution, ...] = (),
    child: Child | None = None,
) -> Alert:
    alert = Alert.objects.create(
        county=institution.county,
        month=OCTOBER,
        rule=rule,
        subject_key=f"{institution.pk}:{subject}",
        institution=institution,
        child=child,
        blocking=blocking,
        evidence={"date": subject, "headcount": 3, "threshold": 20},
        evidence_hash=f"{institution.pk:064d}",
        raised_at=FIRST,
    )
    AlertInstitution.objects.bulk_create(
        AlertInstitution(alert=alert, institution=one) for one in (institution, *touched)
    )
    return alert


def settle(alert: Alert, actor: User, outcome: str = "dismissed", reason: str = "当日停电, 已核实") -> None:
    """The rows that `alert_settle` leaves."""
    AlertOutcome.objects.create(
        alert=alert,
        outcome=outcome,
        reason=reason,
        evidence_hash=alert.evidence_hash,
        by=actor,
        by_name=actor.display_name,
        at=FIRST,
    )
    Alert.objects.filter(pk=alert.pk).update(state=Alert.State.SETTLED)


def propose_correction(
    statement: Statement, maker: User, *, day: date = date(2026, 10, 9)
) -> AttendanceCorrection:
    return AttendanceCorrection.objects.create(
        child=statement.lines.order_by("child__code")[0].child,
        institution=statement.institution,
        date=day,
        kind=AttendanceCorrection.Kind.PRESENT,
        reason="闸机故障, 有监控为证",
        maker=maker,
        made_at=FIRST,
    )
