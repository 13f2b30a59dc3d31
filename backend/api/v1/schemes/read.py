"""Schemes as lists and forms show them."""

from __future__ import annotations

from typing import Any

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.subsidy.models import Scheme, SchemeEvent
from backend.apps.subsidy.selectors.scheme import scheme_content_hash, scheme_list
from backend.apps.subsidy.services.scheme import EDIT_SCHEME, RELEASE_SCHEME, scheme_input
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page

_WRITERS = (SchemeEvent.Kind.DRAFTED, SchemeEvent.Kind.EDITED)


def scheme_page(*, actor: User, filters: dict[str, Any], after: Key | None) -> Page[dict[str, Any]]:
    """Latest start first."""
    found = scheme_list(actor=actor).select_related("county", "made_by", "released_by").defer("definition")
    if "state" in filters:
        found = found.filter(state=filters["state"])
    page = keyset_page(found, keys=("starts_on", "id"), after=after, limit=filters["limit"], descending=True)
    return page.map(lambda schemes: [_row(scheme) for scheme in schemes])


def scheme_get(*, actor: User, scheme_id: int) -> Scheme:
    found = scheme_list(actor=actor).select_related("county", "made_by", "released_by")
    scheme = found.filter(pk=scheme_id).first()
    if scheme is None:
        raise NotFound("scheme_not_found", "没有找到这个补助方案")
    return scheme


def scheme_detail(*, actor: User, scheme_id: int) -> dict[str, Any]:
    scheme = scheme_get(actor=actor, scheme_id=scheme_id)
    events = list(scheme.events.order_by("id"))
    content_hash = scheme_content_hash(scheme)
    content = scheme_input(scheme)
    checked = any(e.kind == SchemeEvent.Kind.CHECKED and e.digest == content_hash for e in events)
    wrote = scheme.made_by_id == actor.pk or any(e.by_id == actor.pk and e.kind in _WRITERS for e in events)
    draft = scheme.state == Scheme.State.DRAFT
    return _row(scheme) | {
        "definition": scheme.definition,
        "rates": content.rates,
        "content_hash": content_hash,
        "checked": checked,
        "can_edit": draft and _holds(actor, EDIT_SCHEME, scheme),
        "can_release": draft and checked and not wrote and _holds(actor, RELEASE_SCHEME, scheme),
        "events": [_event(event) for event in events],
    }


def _holds(actor: User, permission: str, scheme: Scheme) -> bool:
    return actor.has_perm(permission) and scope_of(actor, permission=permission).covers_county(
        scheme.county_id
    )


def _row(scheme: Scheme) -> dict[str, Any]:
    return {
        "id": scheme.pk,
        "county": scheme.county,
        "code": scheme.code,
        "version": scheme.version,
        "name": scheme.name,
        "document_number": scheme.document_number,
        "starts_on": scheme.starts_on,
        "state": scheme.state,
        "made_by_name": scheme.made_by.display_name if scheme.made_by else "",
        "released_by_name": scheme.released_by.display_name if scheme.released_by else "",
        "released_at": scheme.released_at,
    }


def _event(event: SchemeEvent) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "kind_title": event.get_kind_display(),
        "content_hash": event.digest,
        "month": event.month,
        "totals": event.detail or None,
        "by_name": event.by_name,
        "at": event.at,
    }
