"""未采集处置 with its effect on the money: refused once the statement is closed, recalculated at once otherwise."""

from __future__ import annotations

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.attendance import services as attendance
from backend.apps.attendance.models import FeedSettlement
from backend.apps.subsidy.services.calculation import statement_recalculate
from backend.apps.subsidy.services.correction import alerts_follow_attendance, open_statement
from backend.common.service_month import ServiceMonth


@transaction.atomic
def feed_settle(*, feed_day_id: int, choice: str, reason: str, actor: User) -> FeedSettlement:
    """As in the attendance room; also refuses a closed statement (`statement_finished`, `cycle_already_evaluated`)."""
    record = attendance.feed_settle(feed_day_id=feed_day_id, choice=choice, reason=reason, actor=actor)
    statement = open_statement(record.institution, ServiceMonth.of(record.date))
    if statement is not None:
        statement_recalculate(statement_id=statement.pk)
        alerts_follow_attendance(statement)
    return record
