"""Replays and scenario checks with the names people know: institutions, grades, child codes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Grade, Institution
from backend.apps.subsidy.domain.compare import Group, LineChange
from backend.apps.subsidy.domain.render import reason_text
from backend.apps.subsidy.scenarios.reading import ScenarioError
from backend.apps.subsidy.scenarios.running import EXAMPLE, check_text
from backend.apps.subsidy.services import Replay, SchemeCheck

MOST_CHANGES = 200


def replay_detail(replay: Replay) -> dict[str, Any]:
    """The caller has checked that the actor may see the scheme's county. Two queries."""
    places = Institution.objects.in_bulk([int(group.key) for group in replay.by_institution])
    return _figures(replay, places)


def check_detail(check: SchemeCheck) -> dict[str, Any]:
    replay = check.replay
    places = Institution.objects.in_bulk([int(group.key) for group in replay.by_institution])
    changes = [change for month in replay.months for change in month.comparison.changes]
    changes.sort(key=lambda c: (-abs(c.difference), c.child, c.institution))
    shown = changes[:MOST_CHANGES]
    codes = dict(
        Child.objects.filter(pk__in={int(c.child) for c in shown if c.child}).values_list("pk", "code")
    )
    return _figures(replay, places) | {
        "content_hash": check.content_hash,
        "changes": [_change(change, codes, places) for change in shown],
    }


def scenario_result(text: str) -> dict[str, Any]:
    try:
        checked = check_text(text, "用例")
    except ScenarioError as error:
        wrong = {"line": error.line, "key": error.key, "message": error.message}
        return {"name": "", "failed": 0, "outcomes": [], "errors": [wrong], "scheme": None}
    return {
        "name": checked.name,
        "failed": checked.failed,
        "outcomes": checked.outcomes,
        "errors": [],
        "scheme": {"definition": checked.definition, "rates": checked.rates},
    }


def scenario_example() -> dict[str, Any]:
    """A file that agrees with itself, to start from."""
    return {"text": EXAMPLE.read_text(encoding="utf-8")}


def _figures(replay: Replay, places: dict[int, Institution]) -> dict[str, Any]:
    grades = dict(Grade.objects.values_list("code", "name"))
    return {
        "scheme_id": replay.scheme_id,
        "total": replay.total,
        "by_month": [
            _sums(m.comparison.total)
            | {
                "month": m.month,
                "base_scheme_id": m.base_scheme_id,
                "evaluated": m.evaluated,
                "stored_total": m.stored_total,
                "drift": m.drift,
            }
            for m in replay.months
        ],
        "by_institution": [_sums(g) | {"institution": places[int(g.key)]} for g in replay.by_institution],
        "by_grade": [
            _sums(g) | {"grade": g.key, "grade_name": grades.get(g.key, g.key)} for g in replay.by_grade
        ],
        "distribution": [{"title": title, "lines": lines} for title, lines in replay.distribution],
        "blocked_before": replay.blocked_before,
        "blocked_after": replay.blocked_after,
    }


def _sums(group: Group) -> dict[str, Any]:
    return asdict(group) | {"difference": group.difference}


def _change(change: LineChange, codes: dict[int, str], places: dict[int, Institution]) -> dict[str, Any]:
    return {
        "child_id": int(change.child) if change.child else None,
        "child_code": codes[int(change.child)] if change.child else "",
        "institution": places[int(change.institution)],
        "before": change.before,
        "after": change.after,
        "difference": change.difference,
        "reason_before": _reason(change.reason_before),
        "reason_after": _reason(change.reason_after),
    }


def _reason(code: str) -> str:
    """A rule by places has no lines of children, and the other way round."""
    return reason_text(code) if code else "没有这条明细"
