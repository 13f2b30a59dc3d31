"""考勤更正 and its consequence: an accepted correction recalculates the statement that is under review.

Attendance lies below subsidy, so neither can do both; here they meet, in one transaction.
"""

from __future__ import annotations

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.attendance.services import correction_decide
from backend.apps.subsidy.models import Statement
from backend.apps.subsidy.services import statement_recalculate
from backend.common.errors import Conflict
from backend.common.service_month import ServiceMonth
from workflows.history import Subject, event_of
from workflows.models import ProcessEvent, StatementRun


@transaction.atomic
def correction_settle(*, correction_id: int, decision: str, reason: str, actor: User) -> AttendanceCorrection:
    """Accept or reject; acceptance refolds the child's month and recalculates the open statement.

    Refusals of `attendance.correction_decide`, and `Conflict` `statement_finished` or
    `cycle_already_evaluated` when acceptance would come too late to count; rejecting stays possible.
    """
    correction = correction_decide(correction_id=correction_id, decision=decision, reason=reason, actor=actor)
    if correction.state != AttendanceCorrection.State.ACCEPTED:
        return correction
    statement = (
        Statement.objects.select_related("cycle__county")
        .filter(
            institution_id=correction.institution_id,
            cycle__county_id=correction.institution.county_id,
            cycle__month=ServiceMonth.of(correction.date),
        )
        .first()
    )
    if statement is None:  # the month is not calculated yet
        return correction
    if statement.cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", f"{statement.cycle.month} 已评定, 不能再采纳更正")
    statement_recalculate(statement_id=statement.pk)
    run = StatementRun.objects.select_related("process").filter(statement=statement).first()
    if run is not None:
        event_of(
            ProcessEvent.Kind.RECALCULATED,
            process=run.process,
            subject=Subject(cycle=statement.cycle, statement=statement),
            actor=actor,
            detail={"correction_id": correction.pk},
        ).save(force_insert=True)
    return correction
