"""迟到账: how much of each difference enters a statement that may not become negative, and why a sealed line would differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from backend.common.service_month import ServiceMonth

Key = tuple[int, int, int]  # snapshot, institution, subject
ZERO: Final = Decimal("0.00")
REASONS: Final[Mapping[str, str]] = {
    "late_punches": "迟到的打卡",
    "correction": "评定后核定的考勤更正",
    "new_line": "评定后补登的在托记录",
    "gone_line": "评定后撤销的在托记录",
    "other": "机构资料更正, 或其他婴幼儿数据变化的连带影响",
    "unresolved": "资料待补, 暂不补发或追回",
}


@dataclass(frozen=True, slots=True)
class Late:
    """One line of an evaluated month with all data known now; `current_amount` None: the rule has no answer."""

    snapshot_id: int
    month: ServiceMonth
    institution_id: int
    subject: int
    child_id: int | None
    row_code: str
    sealed_amount: Decimal
    current_amount: Decimal | None
    reason_code: str
    arrived_at: datetime | None
    derivation: dict[str, Any]

    @property
    def key(self) -> Key:
        return self.snapshot_id, self.institution_id, self.subject


def applied(lines_total: Decimal, differences: Sequence[Decimal]) -> list[Decimal]:
    """The part of each difference that enters now, in the given order (oldest month first); the total never falls below zero.

    Money owed to the institution enters whole. A clawback takes no more than there is; the rest waits.

    >>> applied(Decimal("100.00"), [Decimal("-150.00"), Decimal("30.00")])
    [Decimal('-130.00'), Decimal('30.00')]
    >>> applied(Decimal("0.00"), [Decimal("-1.00")])
    [Decimal('0.00')]
    """
    left = lines_total + sum((one for one in differences if one > 0), ZERO)
    found = []
    for one in differences:
        taken = one if one >= 0 else max(one, -left)
        if taken < 0:
            left += taken
        found.append(taken + ZERO)  # never -0
    return found
