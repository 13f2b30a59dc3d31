"""The review chain of a sealed month on paper: who decided what for whom, and what was taken back again.

What is sealed are codes; how paper calls them is kept here, so that a month of 2026 reads in 2031 as it did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

STEPS: Final[Mapping[str, str]] = {
    "review_township": "乡镇街道初审",
    "review_county": "县级审核",
    "correct": "机构更正",
    "exclude": "不纳入本月",
}
DECISIONS: Final[Mapping[str, str]] = {
    "approved": "通过",
    "returned": "退回",
    "back_to_township": "退回初审",
    "excluded": "不纳入本月",
    "resubmitted": "重新提交",
}
TAKEBACKS: Final[Mapping[str, str]] = {"withdrawn": "撤回", "reopened": "重新审核"}


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act: a decision, or that one was taken back. `holds` is false for a decision that no longer counts."""

    institution_id: int
    step: str
    decision: str
    person: str
    at: datetime
    comment: str
    holds: bool = True
    plain: bool = False  # passed in one's own name, and it held: nothing to explain


def chain(header: Mapping[str, Any]) -> list[ActRow]:
    """Every act of the month in the order it happened."""
    return sorted((act for found in header["decisions"] for act in _acts(found)), key=lambda act: act.at)


def acting(found: Mapping[str, Any]) -> str:
    """The person, and whom they acted for (委托).

    >>> acting({"by": "王三江"}), acting({"by": "王三江", "principal": "沈复核"})
    ('王三江', '王三江（受沈复核委托）')
    """
    principal = found.get("principal")
    return f"{found['by']}（受{principal}委托）" if principal else str(found["by"])


def _acts(found: Mapping[str, Any]) -> Iterator[ActRow]:
    taken = found.get("takeback")
    step, decision = STEPS[found["step"]], DECISIONS[found["decision"]]
    marks = len(found.get("marks", ()))
    yield ActRow(
        institution_id=found["institution"],
        step=f"{step}（第 {found['round']} 轮）" if found["round"] > 1 else step,
        decision=f"{decision}（已{TAKEBACKS[taken['kind']]}）" if taken else decision,
        person=acting(found),
        at=datetime.fromisoformat(found["at"]),
        comment="；".join(filter(None, (found["comment"], f"标注明细 {marks} 行" if marks else ""))),
        holds=not taken,
        plain=found["decision"] == "approved" and not taken and not found.get("principal"),
    )
    if taken:
        kind = TAKEBACKS[taken["kind"]]
        yield ActRow(
            institution_id=found["institution"],
            step=f"{kind}{step}的意见" if taken["kind"] == "withdrawn" else kind,
            decision=kind,
            person=taken["by"],
            at=datetime.fromisoformat(taken["at"]),
            comment=taken["reason"],
        )
