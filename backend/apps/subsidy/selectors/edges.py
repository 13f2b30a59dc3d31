"""差一点点, the county's view: how many children stand exactly on a threshold, and how many one day below."""

from __future__ import annotations

from backend.apps.subsidy.domain.derivation import Derivation, decode
from backend.apps.subsidy.domain.nearest import Edges, edges
from backend.apps.subsidy.models import EntitlementLine


def cycle_edges(*, cycle_id: int) -> dict[int, Edges]:
    """By institution; the caller has checked that the actor may see the cycle. One query."""
    rows = EntitlementLine.objects.filter(statement__cycle_id=cycle_id).order_by(
        "statement__institution_id", "id"
    )
    found: dict[int, list[Derivation]] = {}
    for pk, stored in rows.values_list("statement__institution_id", "derivation").iterator(chunk_size=2_000):
        found.setdefault(pk, []).append(decode(stored))
    return {pk: edges(derivations) for pk, derivations in found.items()}
