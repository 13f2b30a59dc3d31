"""Finding children by what a file says about them, and within what a person may see."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef

from backend.apps.accounts.domain.scope import Scope
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.institutions.permissions import institutions_within
from backend.common.batches import batched
from backend.common.errors import NotFound

_BATCH = 800  # below every database's limit of parameters in one statement


def children_by_code(codes: Iterable[str]) -> dict[str, Child]:
    """Children by 婴幼儿编号; a few queries for any number of codes."""
    return {
        child.code: child
        for batch in batched(sorted(set(codes)), _BATCH)
        for child in Child.objects.filter(code__in=batch)
    }


def children_by_index(indexes: Iterable[str]) -> dict[str, Child]:
    """Children by the blind index of their identity number."""
    return {
        str(child.id_number_index): child
        for batch in batched(sorted(set(indexes)), _BATCH)
        for child in Child.objects.filter(id_number_index__in=batch)
    }


def child_within_scope(*, child_id: int, scope: Scope) -> Child:
    """The child when any of its enrolments lies within `scope`; otherwise NotFound, as if it did not exist."""
    reached = Enrolment.objects.filter(institutions_within(scope, "institution__"), child_id=OuterRef("pk"))
    child = Child.objects.filter(Exists(reached), pk=child_id).first()
    if child is None:
        raise NotFound("child_not_found", "没有这名婴幼儿, 或不在您的管辖范围内")
    return child
