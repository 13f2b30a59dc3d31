"""Arguments the seal commands share: which months, which person."""

from __future__ import annotations

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from backend.apps.accounts.models import User
from backend.apps.seals.models import Seal
from backend.common.service_month import ServiceMonth


def add_month_arguments(parser: CommandParser) -> None:
    parser.add_argument("--county", default="", help="县区划代码 (前 6 位即可); 不填为全部")
    parser.add_argument("--month", default="", help="服务月, 如 2026-10; 不填为全部")


def chosen_seals(county: str, month: str) -> QuerySet[Seal]:
    seals = Seal.objects.order_by("county_code", "month")
    if county:
        seals = seals.filter(county_code__startswith=county)
    if month:
        try:
            seals = seals.filter(month=ServiceMonth.parse(month))
        except ValueError as error:
            raise CommandError(str(error)) from None
    return seals


def person(username: str) -> User:
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise CommandError(f"没有这个账号: {username}")
    return found
