"""考勤更正 with its effect on the money: refused once the statement is finished, recalculated when accepted.

The attendance room keeps corrections and knows nothing of statements; people use these two services, so that what
a reviewer sees never lags behind a correction that was accepted.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.alerts.services import alerts_follow
from backend.apps.attendance import services as attendance
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.apps.subsidy.selectors.scheme import scheme_day_thresholds
from backend.apps.subsidy.services.child_month import child_month_recalculate
from backend.common.errors import Conflict
from backend.common.service_month import ServiceMonth


@transaction.atomic
def correction_propose(
    *, child_id: int, institution_id: int, date: date, kind: str, reason: str, actor: User
) -> AttendanceCorrection:
    """As in the attendance room; also refuses a statement that is finished in an open month (`statement_finished`).

    Of an evaluated month it is late data: nothing sealed moves, once accepted the difference goes to the ledger (迟到账).
    """
    correction = attendance.correction_propose(
        child_id=child_id, institution_id=institution_id, date=date, kind=kind, reason=reason, actor=actor
    )
    open_statement(correction.institution, ServiceMonth.of(correction.date), late=True)
    return correction


@transaction.atomic
def correction_check(*, correction_id: int, decision: str, reason: str, actor: User) -> AttendanceCorrection:
    """Accept or reject; an accepted one recalculates the child's month, and the alerts that rest on it, in the same transaction.

    A rejection is always possible; an acceptance while the statement is open, and again once the month is evaluated.
    """
    if decision == AttendanceCorrection.State.ACCEPTED:
        _month_hold(correction_id)
    correction = attendance.correction_decide(
        correction_id=correction_id, decision=decision, reason=reason, actor=actor
    )
    if decision == AttendanceCorrection.State.ACCEPTED:
        statement = open_statement(correction.institution, ServiceMonth.of(correction.date), late=True)
        if statement is not None:
            child_month_recalculate(
                cycle_id=statement.cycle_id,
                child_id=correction.child_id,
                institution_id=correction.institution_id,
            )
            alerts_follow_attendance(statement)
        attendance.data_arrived(
            county_code=correction.institution.county_id, month=ServiceMonth.of(correction.date)
        )
    return correction


def alerts_follow_attendance(statement: Statement) -> None:
    """Alerts that rest on attendance months, once the month has any; those of the others rest on punches, which stay."""
    cycle = statement.cycle
    if cycle.warned_at is not None:
        alerts_follow(
            county_code=cycle.county_id,
            month=cycle.month,
            institution_ids=[statement.institution_id],
            day_thresholds=scheme_day_thresholds(cycle.scheme),
        )


def _month_hold(correction_id: int) -> None:
    """The month before the county's attendance: the order of a resubmission, which folds what is new while it holds the month.

    The other way round the two would wait for each other.
    """
    found = AttendanceCorrection.objects.filter(pk=correction_id).values_list(
        "institution__county_id", "date"
    )
    for county, day in found:
        rows = MonthlyCycle.objects.in_force().filter(county_id=county, month=ServiceMonth.of(day))
        list(rows.select_for_update(of=("self",), no_key=True).values_list("pk"))


def open_statement(institution: Institution, month: ServiceMonth, *, late: bool = False) -> Statement | None:
    """The statement that attendance of this month moves; None while the month has none, a conflict when it is closed.

    `late`: an evaluated month takes it as late data (None), because nothing sealed moves.
    """
    in_force = MonthlyCycle.objects.in_force()
    cycle = in_force.filter(county_id=institution.county_id, month=month).first()
    if cycle is None or (late and cycle.evaluated_at is not None):
        return None
    if cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", f"{month} 已评定, 不再改变该月")
    statement = cycle.statements.filter(institution=institution).first()
    if statement is not None and statement.finished:
        raise Conflict(
            "statement_finished",
            f"该机构 {month} 的结算单已审结 ({statement.get_outcome_display()}), 不能再更正",
        )
    return statement
