"""Print the public keys sealed months are verified with: for the website of the bureau, and for SEAL_OLD_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.apps.seals.ports import SignerUnavailable
from backend.apps.seals.selectors.keys import signers


class Command(BaseCommand):
    help = "显示封存签名的公钥 (可公开)"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = signers()
        except SignerUnavailable as error:
            raise CommandError(str(error)) from error
        for signer in found:
            self.stdout.write(str(signer.key))
        if not found:
            raise CommandError("没有配置封存签名密钥")
