"""Exactly what a reviewer sees of statements, loaded set-based, and its hash.

批的是这一版: an approval, the evaluation and the snapshot all carry `content_hash`; if it moved in between, the
approval is refused. Row ids of lines and the approval position are left out, so recalculating unchanged
facts, or one more round, keeps the hash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from backend.apps.alerts.models import Alert
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.attendance.selectors.feed import MissingDay, missing_days
from backend.apps.subsidy.domain.canonical import canonical_bytes
from backend.apps.subsidy.models import AdjustmentLine, EntitlementLine, MonthlyCycle, Statement
from backend.common.crypto import sm3_hex
from backend.common.money import round_money
from backend.common.service_month import ServiceMonth

STATEMENT_FORMAT = "zhishan/statement/1"


@dataclass(frozen=True, slots=True)
class LineContent:
    """One entitlement line; `child_id` finds the name, which is never part of a hash here. None: the institution's own."""

    statement_id: int
    child_id: int | None
    child_code: str
    places: int | None
    class_type: str
    care_mode: str
    attended_days: int
    required_days: int
    not_captured_days: int
    rate_amount: Decimal | None
    factor: Decimal
    amount: Decimal
    reason_code: str
    payments: dict[str, list[str]]
    derivation: Any

    def document(self) -> dict[str, Any]:
        """A kind of content that came later is absent where there is none, so that older hashes stay what they were."""
        subject: dict[str, Any] = {
            "child": self.child_code,
            "class_type": self.class_type,
            "care_mode": self.care_mode,
        }
        return {
            **(subject if self.child_id is not None else {"places": self.places}),
            **({"payments": self.payments} if self.payments else {}),
            "attended_days": self.attended_days,
            "required_days": self.required_days,
            "not_captured_days": self.not_captured_days,
            "rate_amount": self.rate_amount,
            "factor": self.factor,
            "amount": self.amount,
            "reason_code": self.reason_code,
            "derivation": self.derivation,
        }


@dataclass(frozen=True, slots=True)
class AdjustmentContent:
    """One adjustment of an earlier month (补发/追回); `child_id` as on `LineContent`."""

    statement_id: int
    adjustment_id: int
    child_id: int | None
    child_code: str
    origin_month: ServiceMonth
    origin_row_code: str
    sealed_amount: Decimal
    adjusted_amount: Decimal
    current_amount: Decimal
    difference: Decimal
    amount: Decimal
    reason_code: str
    arrived_at: datetime | None
    payments: dict[str, list[str]]
    derivation: Any

    def document(self) -> dict[str, Any]:
        return {
            "origin": self.origin_month,
            "row": self.origin_row_code,
            "child": self.child_code,
            "sealed": self.sealed_amount,
            "adjusted": self.adjusted_amount,
            "current": self.current_amount,
            "difference": self.difference,
            "amount": self.amount,
            "reason": self.reason_code,
            "arrived_at": self.arrived_at,
            **({"payments": self.payments} if self.payments else {}),
            "derivation": self.derivation,
        }


@dataclass(frozen=True, slots=True)
class AlertContent:
    """One alert that touches an institution, with its newest outcome; it counts while the state is settled."""

    alert_id: int
    rule: str
    subject_key: str
    state: str
    blocking: bool
    evidence_hash: str
    outcome: str
    outcome_reason: str
    settled_by_id: int | None
    settled_by: str
    settled_at: datetime | None
    override_reason: str = ""  # 放行 on the present evidence
    overridden_by_id: int | None = None
    overridden_by: str = ""
    overridden_at: datetime | None = None

    @property
    def holds_up(self) -> bool:
        return self.blocking and self.state == Alert.State.OPEN and not self.override_reason

    def document(self) -> dict[str, Any]:
        """An override is named only where there is one, so that months without keep their hashes."""
        document = {
            "rule": self.rule,
            "subject": self.subject_key,
            "state": self.state,
            "blocking": self.blocking,
            "evidence": self.evidence_hash,
            "outcome": self.outcome,
            "reason": self.outcome_reason,
        }
        return document | {"override": self.override_reason} if self.override_reason else document


@dataclass(frozen=True, slots=True)
class CorrectionContent:
    """One attendance correction of the month, whatever its state."""

    correction_id: int
    institution_id: int
    child_code: str
    date: date
    kind: str
    state: str
    reason: str
    maker_id: int
    maker: str
    made_at: datetime
    checker_id: int | None
    checker: str | None
    checked_at: datetime | None
    files: tuple[str, ...] = ()  # SHA-256 of each 佐证材料

    @property
    def pending(self) -> bool:
        return self.state == AttendanceCorrection.State.PROPOSED

    def document(self) -> dict[str, Any]:
        """Files are named only where there are some, so that months without keep their hashes."""
        document = {"child": self.child_code, "date": self.date, "kind": self.kind, "reason": self.reason}
        return document | {"files": list(self.files)} if self.files else document


@dataclass(frozen=True)
class StatementContent:
    """A statement with everything its hash covers."""

    statement: Statement
    lines: tuple[LineContent, ...]
    alerts: tuple[AlertContent, ...]
    corrections: tuple[CorrectionContent, ...]
    feed: tuple[MissingDay, ...]  # 未采集
    adjustments: tuple[AdjustmentContent, ...] = ()

    def document(self) -> dict[str, Any]:
        """What is hashed; only pending corrections, because accepted ones already show in the lines."""
        statement = self.statement
        return {
            "format": STATEMENT_FORMAT,
            "institution": statement.institution_id,
            "grade": statement.grade_id,
            "required_days": statement.required_days,
            "children_count": statement.children_count,
            "paid_children": statement.paid_children,
            "unresolved_count": statement.unresolved_count,
            "total_amount": round_money(statement.total_amount),
            **({"places": statement.places} if statement.places else {}),
            **({"payments": statement.payments} if statement.payments else {}),
            "lines": [line.document() for line in self.lines],
            "alerts": [alert.document() for alert in self.alerts if alert.state != Alert.State.GONE],
            "pending_corrections": [c.document() for c in self.corrections if c.pending],
            **({"feed": [_feed_document(day) for day in self.feed]} if self.feed else {}),
            **({"adjustments": [a.document() for a in self.adjustments]} if self.adjustments else {}),
        }

    @cached_property
    def content_hash(self) -> str:
        return sm3_hex(canonical_bytes(self.document()))


def _feed_document(day: MissingDay) -> dict[str, Any]:
    return {"date": day.date, "state": day.state, "choice": day.choice, "reason": day.reason}


def statement_content_hash(statement: Statement) -> str:
    """SM3, 64 hex characters, of what a reviewer sees of this statement now. Four queries, five without its cycle."""
    return statement_contents([statement], cycle=statement.cycle)[0].content_hash


def statement_contents(statements: Sequence[Statement], *, cycle: MonthlyCycle) -> list[StatementContent]:
    """In the given order; four queries however many statements of this one cycle, five where one has adjustments."""
    lines = _lines([statement.pk for statement in statements])
    adjustments = _adjustments([row.pk for row in statements if row.adjustments_count])
    institution_ids = [statement.institution_id for statement in statements]
    alerts = alerts_by_institution(cycle, institution_ids)
    corrections = corrections_by_institution(cycle, institution_ids)
    feed = missing_days(month=cycle.month, institution_ids=institution_ids)
    return [
        StatementContent(
            statement=statement,
            lines=tuple(lines[statement.pk]),
            alerts=tuple(alerts[statement.institution_id]),
            corrections=tuple(corrections[statement.institution_id]),
            feed=tuple(feed.get(statement.institution_id, ())),
            adjustments=tuple(adjustments[statement.pk]),
        )
        for statement in statements
    ]


def _lines(statement_ids: Sequence[int]) -> dict[int, list[LineContent]]:
    found: dict[int, list[LineContent]] = defaultdict(list)
    rows = EntitlementLine.objects.filter(statement_id__in=statement_ids).values_list(
        *("statement_id", "child_id", "child__code", "places", "class_type", "care_mode"),
        *("attended_days", "required_days", "not_captured_days"),
        *("rate_amount", "factor", "amount", "reason_code", "payments", "derivation"),
    )
    for statement_id, child_id, code, *rest in rows.iterator(chunk_size=2_000):
        found[statement_id].append(LineContent(statement_id, child_id, code or "", *rest))
    for contents in found.values():
        contents.sort(key=lambda line: line.child_code)  # here: text order differs between databases
    return found


def _adjustments(statement_ids: Sequence[int]) -> dict[int, list[AdjustmentContent]]:
    """The oldest month first; no query in the many months without any."""
    found: dict[int, list[AdjustmentContent]] = defaultdict(list)
    if not statement_ids:
        return found
    rows = AdjustmentLine.objects.filter(statement_id__in=statement_ids).values_list(
        *("statement_id", "id", "child_id", "child__code", "origin_month", "origin_row_code"),
        *("sealed_amount", "adjusted_amount", "current_amount", "difference", "amount"),
        *("reason_code", "arrived_at", "payments", "derivation"),
    )
    for statement_id, pk, child_id, code, *rest in rows:
        found[statement_id].append(AdjustmentContent(statement_id, pk, child_id, code or "", *rest))
    for contents in found.values():
        contents.sort(key=lambda one: (one.origin_month, one.child_code, one.adjustment_id))
    return found


def alerts_by_institution(
    cycle: MonthlyCycle, institution_ids: Sequence[int]
) -> dict[int, list[AlertContent]]:
    """Alerts of the month per institution they touch, by rule and subject, vanished ones included; one query."""
    rows = (
        Alert.objects.filter(
            county_id=cycle.county_id, month=cycle.month, touched__institution_id__in=institution_ids
        )
        .order_by("outcomes__id", "overrides__id")
        .values_list(
            *("touched__institution_id", "id", "rule", "subject_key", "state", "blocking", "evidence_hash"),
            *("outcomes__outcome", "outcomes__reason"),
            *("outcomes__by_id", "outcomes__by_name", "outcomes__at"),
            "overrides__evidence_hash",
            *("overrides__reason", "overrides__by_id", "overrides__by_name", "overrides__at"),
        )
    )
    newest: dict[tuple[int, int], AlertContent] = {}
    for institution_id, *row in rows:
        content = _alert_content(*row)
        earlier = newest.get((institution_id, content.alert_id))
        if (
            earlier is not None and not content.override_reason
        ):  # an override of other evidence than the present
            content = replace(content, **{name: getattr(earlier, name) for name in _OVERRIDE})
        newest[institution_id, content.alert_id] = content  # a later outcome replaces an earlier one
    found: dict[int, list[AlertContent]] = defaultdict(list)
    for (institution_id, _alert_id), content in newest.items():
        found[institution_id].append(content)
    for contents in found.values():
        contents.sort(key=lambda c: (c.rule, c.subject_key))
    return found


_OVERRIDE: Final = ("override_reason", "overridden_by_id", "overridden_by", "overridden_at")


def _alert_content(
    *row: Any,
) -> AlertContent:
    """One joined row: the alert, one of its outcomes, one of its overrides."""
    alert_id, rule, subject, state, blocking, evidence, outcome, reason, by_id, by, at, *override = row
    seen, override_reason, overridden_by_id, overridden_by, overridden_at = override
    content = AlertContent(
        *(alert_id, rule, subject, state, blocking, evidence),
        outcome=outcome or "",
        outcome_reason=reason or "",
        settled_by_id=by_id,
        settled_by=by or "",
        settled_at=at,
    )
    if seen != evidence:
        return content
    return replace(
        content,
        override_reason=override_reason,
        overridden_by_id=overridden_by_id,
        overridden_by=overridden_by,
        overridden_at=overridden_at,
    )


def corrections_by_institution(
    cycle: MonthlyCycle, institution_ids: Sequence[int]
) -> dict[int, list[CorrectionContent]]:
    """Corrections dated in the month per institution, by date and child; one query."""
    contents: dict[int, CorrectionContent] = {}
    rows = (
        AttendanceCorrection.objects.filter(
            institution_id__in=institution_ids,
            date__range=(cycle.month.first_day, cycle.month.last_day),
        )
        .order_by("id", "files__id")
        .values_list(
            *("id", "institution_id", "child__code", "date", "kind", "state", "reason"),
            *("maker_id", "maker__display_name", "made_at"),
            *("checker_id", "checker__display_name", "checked_at"),
            "files__sha256",
        )
    )
    for *row, sha256 in rows:  # one row per file, or one without
        content = contents.get(row[0]) or CorrectionContent(*row)
        contents[row[0]] = replace(content, files=(*content.files, sha256)) if sha256 else content
    found: dict[int, list[CorrectionContent]] = defaultdict(list)
    for content in sorted(contents.values(), key=lambda c: (c.date, c.child_code, c.correction_id)):
        found[content.institution_id].append(content)
    return found
