"""Arguments the seal commands share: which months, which person."""

from __future__ import annotations

from django.core.management.base import CommandError, CommandParser

from backend.apps.accounts.models import User
from backend.apps.seals.models import Seal
from backend.apps.seals.services.verifying import readable_seals
from backend.common.service_month import ServiceMonth


def add_month_arguments(parser: CommandParser) -> None:
    parser.add_argument("--county", default="", help="县区划代码 (前 6 位即可); 不填为全部")
    parser.add_argument("--month", default="", help="服务月, 如 2026-10; 不填为全部")


def chosen_seals(county: str, month: str) -> list[Seal]:
    """By county and month; a seal whose row cannot be read is left to `installation_verify`, which names it."""
    wanted = None
    if month:
        try:
            wanted = ServiceMonth.parse(month)
        except ValueError as error:
            raise CommandError(str(error)) from None
    seals = [
        seal
        for seal in readable_seals()[0]
        if seal.county_code.startswith(county) and wanted in (None, seal.month)
    ]
    return sorted(seals, key=lambda seal: (seal.county_code, seal.month, seal.pk))


def person(username: str) -> User:
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise CommandError(f"没有这个账号: {username}")
    return found
