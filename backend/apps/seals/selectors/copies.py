"""Second copy, log and checkpoint in the database against a package that is true to itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from backend.apps.audit.models import AuditEvent
from backend.apps.seals.domain.checking import Fault
from backend.apps.seals.domain.differences import ABSENT, differences, shown, texts_apart
from backend.apps.seals.domain.note import parse_note, short_code
from backend.apps.seals.domain.package import Package, split_lines
from backend.apps.seals.domain.tree import leaf_hash
from backend.apps.seals.models import LogEntry, Seal, SealErasure
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.reading import attempt
from backend.common.canonical import moment_text

TITLES = {
    "archive": "文件不完整或被改动",
    "entries": "内容缺失、多出或格式未知",
    "rows": "行数与校验不符",
    "row": "该行与封存时的散列不符",
    "document": "该行不是规范文本",
    "check": "校验记录被改动",
    "tree": "机构数据与月根不符",
    "cover": "封面与数据不符",
    "checkpoint": "检查点不符",
    "log": "年度日志与检查点不符",
    "entry": "年度日志中本月记录不符",
    "signature": "签名无效",
    "sum": "金额合计不符",
    "printed": "月根或简码不符",
}


def fault_finding(seal: Seal, where: str, fault: Fault) -> Finding:
    """A fault inside a package, as a finding about the place the package lies in."""
    return Finding(
        *(seal.county_code, str(seal.month), where, fault.key or _place(fault), ", ".join(fault.fields)),
        *("", "", TITLES[fault.code]),
    )


def _place(fault: Fault) -> str:
    if fault.tree < 0:
        return ""
    return f"rows/{fault.tree:04d}" + (f":{fault.leaf + 1}" if fault.leaf >= 0 else "")


class Copies:
    """One seal in the database against its package."""

    def __init__(self, seal: Seal, package: Package) -> None:
        self.seal, self.package = seal, package

    def findings(self) -> Iterator[Finding]:
        for table, part in (
            ("seal_month", self._seal),
            ("seal_tree", self._trees),
            ("seal_log", self._log),
            ("seal_private", self._privates),
            ("audit_event", self._audit),
        ):
            good, found = attempt(lambda part=part: list(part()))  # type: ignore[misc]  # bound now
            if good and found is not None:
                yield from found
            else:
                yield self._unreadable(table)

    def _seal(self) -> Iterator[Finding]:
        seal, cover = self.seal, self.package.cover
        sealed = {name: cover[name] for name in ("format", "root", "leaves", "origin", "entry", "keys")}
        sealed |= {
            "county_code": cover["county"],
            "month": cover["month"],
            "checkpoint": self.package.checkpoint,
            "code": short_code(parse_note(self.package.checkpoint)[0]),
            "created_at": self._entry()["sealed_at"],
        }
        live = {name: getattr(seal, name) for name in sealed} | {
            "month": str(seal.month),
            "created_at": moment_text(seal.created_at),
        }
        for field, old, new in differences(sealed, live):
            yield self._finding("seal_month", str(cover["month"]), field, old, new, seal.pk)

    def _entry(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(split_lines(self.package.log)[self.package.cover["entry"]])
        return found

    def _trees(self) -> Iterator[Finding]:
        rows = {row.number: row for row in self.seal.trees.all()}
        for number, tree in enumerate(self.package.trees):
            row = rows.pop(number, None)
            key = f"第 {number} 棵树"
            if row is None:
                yield self._finding("seal_tree", key, "", "有", ABSENT, None)
                continue
            if row.documents != tree.documents:
                yield from self._lines(row.pk, tree.lines, split_lines(row.documents))
            if row.checks != tree.checks:
                yield self._finding("seal_tree", key, "checks", "", "", row.pk)
            told = {"leaves": len(tree.lines), **self._named(number)}
            for field, old, new in differences(told, {name: getattr(row, name) for name in told}):
                yield self._finding("seal_tree", key, field, old, new, row.pk)
        for number, row in rows.items():
            yield self._finding("seal_tree", f"第 {number} 棵树", "", ABSENT, "有", row.pk, heals=False)

    def _named(self, number: int) -> dict[str, Any]:
        """Root and institution of a tree, as the tree of the month says."""
        if number == 0:
            return {"root": self.package.cover["root"], "institution_id": None}
        named = self.package.trees[0].lines[number - len(self.package.trees)]
        columns = json.loads(named)["columns"]
        return {name: columns[name] for name in ("root", "institution_id")}

    def _lines(self, row_id: int, old_lines: list[str], new_lines: list[str]) -> Iterator[Finding]:
        for leaf in range(max(len(old_lines), len(new_lines))):
            old = old_lines[leaf] if leaf < len(old_lines) else ""
            new = new_lines[leaf] if leaf < len(new_lines) else ""
            if old == new:
                continue
            before, now = _parsed(old), _parsed(new)
            key = str((before or now or {}).get("key", f"第 {leaf + 1} 行"))
            if before is None or now is None:
                left, right = (shown(text) if text else ABSENT for text in (old, new))
                yield self._finding("seal_tree", key, "", left, right, row_id)
                continue
            found = list(differences(before, now)) or [("", *texts_apart(old, new))]
            for field, left, right in found:
                yield self._finding("seal_tree", key, field, left, right, row_id)

    def _log(self) -> Iterator[Finding]:
        rows = {row.number: row for row in LogEntry.objects.filter(origin=self.seal.origin)}
        for number, line in enumerate(split_lines(self.package.log)):
            row = rows.get(number)
            key = f"{self.seal.origin} {number}"
            if row is None:
                yield self._finding("seal_log", key, "", shown(line), ABSENT, None)
                continue
            sealed = json.loads(line)
            old = {"document": sealed, "hash": leaf_hash(line.encode()).hex(), "kind": sealed["kind"]}
            live = {"document": _parsed(row.document) or row.document, "hash": row.hash, "kind": row.kind}
            found = list(differences(old, live))
            if not found and row.document != line:
                found = [("document", *texts_apart(line, row.document))]
            for field, left, right in found:
                yield self._finding("seal_log", key, field, left, right, row.pk)

    def _privates(self) -> Iterator[Finding]:
        """Openings may go, but only with a record of who erased them."""
        rows = {row.number: row for row in self.seal.privates.all()}
        erased = set(
            SealErasure.objects.filter(private__seal=self.seal).values_list("private__number", flat=True)
        )
        for line in split_lines(self.package.private):
            sealed: dict[str, Any] = json.loads(line)
            number = sealed["tree"]
            row = rows.pop(number, None)
            if number in erased or (row is not None and row.ciphertext == sealed["ciphertext"]):
                continue
            new = ABSENT if row is None or not row.ciphertext else "(另一密文)"
            key = f"第 {number} 棵树"
            yield self._finding(
                "seal_private", key, "ciphertext", "(密文)", new, None if row is None else row.pk
            )
        for number, row in rows.items():
            if number not in erased:
                yield self._finding(
                    "seal_private", f"第 {number} 棵树", "", ABSENT, "有", row.pk, heals=False
                )

    def _audit(self) -> Iterator[Finding]:
        """The audit log saw root and code when the month was sealed first: a witness outside these tables."""
        events = AuditEvent.objects.filter(action="seals.month.sealed", county_code=self.seal.county_code)
        month = str(self.seal.month)
        details = (e.detail for e in events.order_by("id"))
        detail = next((d for d in details if isinstance(d, dict) and d.get("month") == month), None)
        if detail is None:
            yield self._finding("audit_event", f"封存 {month}", "", "有", ABSENT, None)
            return
        live = {"root": self.seal.root, "code": self.seal.code}
        told = {name: detail.get(name) for name in live}
        for field, old, new in differences(told, live):
            yield self._finding("seal_month", str(self.seal.month), field, old, new, self.seal.pk)

    def _unreadable(self, table: str) -> Finding:
        return Finding(
            *(self.seal.county_code, str(self.seal.month), table, str(self.seal.month), "", "", ""),
            "不能读取: 表或列被改动, 或内容不合规范",
        )

    def _finding(
        self, table: str, key: str, field: str, old: str, new: str, row_id: int | None, *, heals: bool = True
    ) -> Finding:
        return Finding(
            *(self.seal.county_code, str(self.seal.month), table, key, field, old, new, "与封存包不符"),
            row_id=row_id,
            restorable=heals and table in ("seal_month", "seal_tree", "seal_log", "seal_private"),
        )


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
