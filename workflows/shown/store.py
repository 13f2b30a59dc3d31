"""Keeping what was shown: one row per process and hash, written when the page is opened, pruned when the month is sealed."""

from __future__ import annotations

import json
import zlib

from django.db.models import Q
from django.utils import timezone

from backend.apps.subsidy.models import Evaluation, StatementDecision
from workflows.models import ShownContent
from workflows.shown.documents import Shown

_BYTES_AT_MOST = 4_000_000  # of one document: more than a county of 20,000 institutions


def shown_keep(*, process_id: int, cycle_id: int, content_hash: str, document: Shown) -> None:
    """Once per process and hash, however many people open the page."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    row = ShownContent(
        process_id=process_id,
        cycle_id=cycle_id,
        content_hash=content_hash,
        body=zlib.compress(text, 9),
        shown_at=timezone.now(),
    )
    ShownContent.objects.bulk_create([row], ignore_conflicts=True)


def shown_read(*, process_id: int, hashes: list[str]) -> tuple[str, Shown] | None:
    """The first of these versions that was kept, with its hash; one query."""
    wanted = [found for found in hashes if found]
    rows = ShownContent.objects.filter(process_id=process_id, content_hash__in=wanted)
    bodies = {row.content_hash: bytes(row.body) for row in rows}
    for content_hash in wanted:
        if content_hash in bodies:
            return content_hash, _decoded(bodies[content_hash])
    return None


def shown_of_processes(versions: dict[int, str]) -> dict[int, Shown]:
    """One version of each of several processes, where it was kept; one query."""
    rows = ShownContent.objects.filter(
        process_id__in=versions, content_hash__in=set(versions.values())
    ).values_list("process_id", "content_hash", "body")
    return {
        process_id: _decoded(bytes(body))
        for process_id, content_hash, body in rows
        if versions[process_id] == content_hash
    }


def shown_prune(*, cycle_id: int) -> int:
    """Drop what was only looked at; what a decision or the evaluation names stays, as proof of what was decided on."""
    decided = StatementDecision.objects.filter(statement__cycle_id=cycle_id).values("content_hash")
    evaluated = Evaluation.objects.filter(cycle_id=cycle_id).values("content_hash")
    kept = Q(content_hash__in=decided) | Q(content_hash__in=evaluated)
    dropped, _by_model = ShownContent.objects.filter(cycle_id=cycle_id).exclude(kept).delete()
    return dropped


def _decoded(body: bytes) -> Shown:
    text = zlib.decompressobj().decompress(body, _BYTES_AT_MOST)
    found: Shown = json.loads(text)
    return found
