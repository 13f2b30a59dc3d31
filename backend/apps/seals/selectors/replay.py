"""重算零差: a sealed month worked out again by today's code, from nothing but what was sealed with it. Asks no database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.apps.seals.domain.differences import ABSENT, differences
from backend.apps.seals.selectors.inputs import line_texts, read_child, read_institutions
from backend.apps.seals.selectors.openings import Openings
from backend.apps.subsidy.domain.facts import ChildMonth
from backend.apps.subsidy.domain.scheme import SchemeDefinition, SchemeError
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.apps.subsidy.domain.settle import evaluate_month
from backend.apps.subsidy.models import Rate
from backend.apps.subsidy.selectors.scheme import rate_rows

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReplayDifference:
    """One column of one line that today's code works out otherwise."""

    key: str
    column: str
    sealed: str
    now: str


@dataclass(frozen=True, slots=True)
class MonthReplay:
    """`problem` says in Chinese why the month cannot be worked out; `late` lines differed at sealing already."""

    lines: int
    late: int
    differences: tuple[ReplayDifference, ...]
    problem: str = ""


def replay_month(documents: Sequence[Sequence[Document]], openings: Mapping[int, Openings]) -> MonthReplay:
    """`documents` of every tree of a package that is true to itself, and what its commitments open to."""
    try:
        scheme = _scheme(documents[0])
        children = _children(documents, openings)
        institutions = _institutions(documents)
    except _Unreadable as reason:
        return MonthReplay(0, 0, (), str(reason))
    found = {
        (int(line.institution), int(line.child) if line.child else None): line_texts(line, scheme)
        for line in evaluate_month(children, institutions.values(), scheme)
    }
    result: list[ReplayDifference] = []
    lines = late = 0
    for tree in documents[1:]:
        institution_id = tree[0]["columns"]["institution_id"]
        for document in tree:
            if document["kind"] != "line":
                continue
            lines += 1
            if document.get("late"):
                late += 1
                continue
            result += _line(document, found.get((institution_id, document["columns"]["child_id"])))
    return MonthReplay(lines, late, tuple(result))


class _Unreadable(Exception):
    pass


def _line(document: Document, now: Mapping[str, str] | None) -> list[ReplayDifference]:
    key, columns = str(document["key"]), document["columns"]
    if now is None:
        return [ReplayDifference(key, "", "有", ABSENT)]
    # A column that did not exist when the month was sealed cannot differ.
    values = {name: json.loads(text) for name, text in now.items() if name in columns}
    sealed = {name: columns[name] for name in values}
    return [ReplayDifference(key, *found) for found in differences(sealed, values)]


def _scheme(month: Sequence[Document]) -> SchemeDefinition:
    sealed = next((d["columns"] for d in month if d["kind"] == "header" and d["part"] == "scheme"), None)
    if sealed is None:
        raise _Unreadable("封存数据中没有补助方案")
    definition = sealed["definition"]
    axes = definition.get("axes", []) if isinstance(definition, dict) else []
    try:
        return parse_scheme(definition, rate_rows([_rate(values) for values in sealed["rates"]], axes))
    except SchemeError as error:
        raise _Unreadable(f"补助方案不能读取: {error.message_zh}") from error


def _rate(values: Mapping[str, Any]) -> Rate:
    """A row that is never saved; columns added since have their defaults."""
    known = [field for field in Rate._meta.concrete_fields if field.name in values]
    return Rate(**{field.attname: field.to_python(values[field.name]) for field in known})


def _institutions(documents: Sequence[Sequence[Document]]) -> dict[int, Any]:
    plain = {
        tree[0]["columns"]["institution_id"]: document["columns"]
        for tree in documents[1:]
        for document in tree
        if document["kind"] == "facts"
    }
    if not plain:
        raise _Unreadable("封存时没有保存计算依据")
    return read_institutions(plain)


def _children(documents: Sequence[Sequence[Document]], openings: Mapping[int, Openings]) -> list[ChildMonth]:
    institutions = _institutions(documents)
    found = []
    for number, tree in enumerate(documents):
        for leaf, document in enumerate(tree):
            if "inputs" not in document:
                continue
            opening = openings.get(number, {}).get(str(leaf), {}).get("inputs")
            if opening is None:
                raise _Unreadable("计算依据已按保存期限清除, 不能重算")
            institution = institutions[tree[0]["columns"]["institution_id"]]
            found.append(read_child(opening[1], institution))
    return found
