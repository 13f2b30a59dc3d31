"""Months with few punches: their silent days settled beforehand by somebody who has no other part in the month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from backend.apps.accounts.models import User
from backend.apps.attendance.models import FeedSettlement
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth


def settle_silent_days(institutions: Iterable[Institution], month: ServiceMonth) -> None:
    """Every day of the month, should it turn out silent, stays 未采集."""
    clerk, _ = User.objects.get_or_create(username="cast_feed", defaults={"display_name": "周采集"})
    FeedSettlement.objects.bulk_create(
        FeedSettlement(
            institution=institution,
            date=day,
            choice=FeedSettlement.Choice.NOT_CAPTURED,
            reason="试验月份只有几天打卡",
            state="silent",
            cause="unknown",
            by=clerk,
            by_name=clerk.display_name,
            at=datetime(2026, 11, 1, tzinfo=UTC),
        )
        for institution in institutions
        for day in month.days()
    )
