"""The documents a snapshot's digests stand on: row → statement → month, each hashed with SM3.

What came later (places, payments, adjustments) is in a document only where there is any: months sealed before keep their digests.

A digest is SM3(0x00 ‖ canonical document), so that rows can become leaves of a tree later without being hashed
anew. A statement's document lists its rows' digests in order, the month's document lists its statements', so one
changed byte anywhere moves the digest printed on the report, and the row that moved is named.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from backend.apps.subsidy.domain.canonical import canonical_bytes
from backend.apps.subsidy.models import Snapshot, SnapshotAdjustment, SnapshotLine, SnapshotStatement
from backend.common.crypto import blind_index, sm3_hex

SNAPSHOT_FORMAT = "zhishan/snapshot/1"
LEAF = b"\x00"


def document_digest(document: dict[str, Any]) -> str:
    return sm3_hex(LEAF + canonical_bytes(document))


def name_commitment(row_code: str, name: str) -> str:
    """Binds a name to its row without revealing it: keyed, so that nobody can try out names."""
    return blind_index("snapshot.child_name", f"{row_code}\x00{unicodedata.normalize('NFC', name)}")


def code_start(county_code: str, month: object) -> str:
    """What every row code of a month begins with; the number of its report too.

    >>> code_start("330683000000", "2026-10")
    '330683-202610'
    """
    return f"{county_code[:6]}-{str(month).replace('-', '')}"


def row_code(county_code: str, month: object, number: int) -> str:
    """
    >>> row_code("330683000000", "2026-10", 42)
    '330683-202610-00042'
    """
    return f"{code_start(county_code, month)}-{number:05d}"


def adjustment_code(county_code: str, month: object, number: int) -> str:
    """
    >>> adjustment_code("330683000000", "2026-11", 3)
    '330683-202611-A00003'
    """
    return f"{code_start(county_code, month)}-A{number:05d}"


def adjustment_document(line: SnapshotAdjustment) -> dict[str, Any]:
    return {
        **({"payments": line.payments} if line.payments else {}),
        "row": line.row_number,
        "code": line.row_code,
        "origin": line.origin_month,
        "origin_row": line.origin_row_code,
        "child_id": line.child_id,
        "child": line.child_code,
        "name": line.name_commitment,
        "sealed": line.sealed_amount,
        "adjusted": line.adjusted_amount,
        "current": line.current_amount,
        "difference": line.difference,
        "amount": line.amount,
        "reason_code": line.reason_code,
        "arrived_at": line.arrived_at,
        "derivation": line.derivation,
    }


def line_document(line: SnapshotLine) -> dict[str, Any]:
    return {
        **({} if line.places is None else {"places": line.places}),
        **({"payments": line.payments} if line.payments else {}),
        "row": line.row_number,
        "code": line.row_code,
        "child_id": line.child_id,
        "child": line.child_code,
        "name": line.name_commitment,
        "class_type": line.class_type,
        "care_mode": line.care_mode,
        "attended_days": line.attended_days,
        "required_days": line.required_days,
        "not_captured_days": line.not_captured_days,
        "rate_amount": line.rate_amount,
        "factor": line.factor,
        "amount": line.amount,
        "reason_code": line.reason_code,
        "derivation": line.derivation,
    }


def statement_document(
    statement: SnapshotStatement, line_digests: Sequence[str], adjustment_digests: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        **({"adjustments": list(adjustment_digests)} if adjustment_digests else {}),
        **({"places": statement.places} if statement.places else {}),
        **({"payments": statement.payments} if statement.payments else {}),
        "row": statement.row_number,
        "institution": statement.institution_id,
        "name": statement.institution_name,
        "credit_code": statement.credit_code,
        "township": statement.township_name,
        "grade": statement.grade_name,
        "required_days": statement.required_days,
        "outcome": statement.outcome,
        "exclusion_reason": statement.exclusion_reason,
        "children_count": statement.children_count,
        "paid_children": statement.paid_children,
        "total_amount": statement.total_amount,
        "content": statement.content_hash,
        "lines": list(line_digests),
    }


def snapshot_document(snapshot: Snapshot, statement_digests: Sequence[str]) -> dict[str, Any]:
    return {
        "format": SNAPSHOT_FORMAT,
        "county": snapshot.county_code,
        "county_name": snapshot.county_name,
        "month": snapshot.month,
        "created_at": snapshot.created_at,
        "line_count": snapshot.line_count,
        "total_amount": snapshot.total_amount,
        "header": snapshot.header,
        "statements": list(statement_digests),
    }
