"""Rows of institutions a scope reaches, as a database filter."""

from __future__ import annotations

from django.db.models import Q

from backend.apps.accounts.domain.scope import Scope


def institutions_within(scope: Scope, prefix: str = "") -> Q:
    """Filter for rows whose institution is within `scope`; `prefix` is the path to it, e.g. `"institution__"`.

    An empty scope reaches nothing. The scope test of one row is `scope.covers(...)`.
    """
    reached = (
        Q(**{f"{prefix}county_id__in": sorted(scope.county_codes)})
        | Q(**{f"{prefix}township_id__in": sorted(scope.township_codes)})
        | Q(**{f"{prefix}id__in": sorted(scope.institution_ids)})
    )
    for code in sorted(scope.wider_prefixes):
        reached |= Q(**{f"{prefix}county__code__startswith": code})
    return reached
