"""封存 as people look at it: months with root, code, copies and the last check, and what was found. Within scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.seals.domain.note import Key as VerificationKey
from backend.apps.seals.domain.note import NoteError
from backend.apps.seals.models import Seal, SealCheck, SealCopy, SealIncident
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth

VIEW_SEAL = "seals.view_seal"
DAMAGED, UNSAVED, UNCHECKED, SOUND = "damaged", "unsaved", "unchecked", "sound"


@dataclass(frozen=True, slots=True)
class SealRow:
    """A sealed month. `state`: damaged (open incidents), unsaved (a location lacks the package), unchecked, sound."""

    id: int
    cycle_id: int
    county_name: str
    month: ServiceMonth
    code: str
    root: str
    lines: int
    total_amount: Decimal
    sealed_at: datetime
    state: str
    incidents: int  # open ones of the month
    copies: int
    locations: int  # as configured now
    checked_at: datetime | None
    milliseconds: int | None  # how long that check took
    witness: str  # location, `copy`, or empty


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature of the checkpoint: whose key, by which algorithm, and the key as it is published."""

    name: str
    algorithm: str
    key: str


@dataclass(frozen=True, slots=True)
class SealDetail:
    """`entry` is the number of the month in the log `origin`."""

    row: SealRow
    origin: str
    entry: int
    leaves: int
    format: str
    checkpoint: str
    signatures: tuple[Signed, ...]
    copies: tuple[SealCopy, ...]


def seals_visible(actor: User) -> QuerySet[Seal]:
    return Seal.objects.filter(_counties(actor)).select_related("snapshot").defer("snapshot__header")


def seal_get(*, actor: User, seal_id: int) -> Seal:
    """Raises `NotFound` `seal_not_found`, also out of scope."""
    seal = seals_visible(actor).filter(pk=seal_id).first()
    if seal is None:
        raise NotFound("seal_not_found", "没有这个封存月份, 或不在您的权限范围内")
    return seal


def seal_page(*, actor: User, after: Key | None, limit: int) -> Page[SealRow]:
    """Sealed months, the newest first; four queries."""
    found = seals_visible(actor).defer("snapshot__header", "checkpoint")
    page = keyset_page(found, keys=("month", "id"), after=after, limit=limit, descending=True)
    return page.map(_rows)


def seal_detail(*, actor: User, seal_id: int) -> SealDetail:
    seal = seal_get(actor=actor, seal_id=seal_id)
    return SealDetail(
        row=_rows([seal])[0],
        origin=seal.origin,
        entry=seal.entry,
        leaves=seal.leaves,
        format=seal.format,
        checkpoint=seal.checkpoint,
        signatures=tuple(
            _signed(text) for text in (seal.keys if isinstance(seal.keys, list) else [seal.keys])
        ),
        copies=tuple(seal.copies.order_by("location")),
    )


def incident_page(
    *, actor: User, seal_id: int | None, closed: bool, after: Key | None, limit: int
) -> Page[SealIncident]:
    """封存异常, the newest first: of one month, or of all within scope and of the installation itself."""
    if seal_id is None:
        rows = SealIncident.objects.filter(_counties(actor) | Q(county_code=""))
    else:
        seal = seal_get(actor=actor, seal_id=seal_id)
        rows = SealIncident.objects.filter(_of_months([seal]))
    rows = rows.filter(closed_at__isnull=not closed)
    return keyset_page(rows, keys=("found_at", "id"), after=after, limit=limit, descending=True)


def _counties(actor: User) -> Q:
    scope = scope_of(actor, permission=VIEW_SEAL)
    reached = Q(county_code__in=sorted(scope.county_codes))
    for prefix in sorted(scope.wider_prefixes):
        reached |= Q(county_code__startswith=prefix)
    return reached


def _of_months(seals: Sequence[Seal]) -> Q:
    found = Q(pk__in=[])
    for seal in seals:
        found |= Q(county_code=seal.county_code, month=str(seal.month))
    return found


def _rows(seals: Sequence[Seal]) -> list[SealRow]:
    checks = {check.seal_id: check for check in SealCheck.objects.filter(seal__in=seals)}
    copies = dict(
        SealCopy.objects.filter(seal__in=seals, location__in=settings.SEAL_BACKUPS)
        .values_list("seal")
        .annotate(n=Count("id"))
        .order_by()
    )
    open_ones = SealIncident.objects.filter(_of_months(seals), closed_at__isnull=True)
    incidents = {
        (county, month): count
        for county, month, count in open_ones.values_list("county_code", "month")
        .annotate(n=Count("id"))
        .order_by()
    }
    rows = []
    for seal in seals:
        check = checks.get(seal.pk)
        found = incidents.get((seal.county_code, str(seal.month)), 0)
        kept = copies.get(seal.pk, 0)
        rows.append(
            SealRow(
                id=seal.pk,
                cycle_id=seal.snapshot.cycle_id,
                county_name=seal.snapshot.county_name,
                month=seal.month,
                code=seal.code,
                root=seal.root,
                lines=seal.snapshot.line_count,
                total_amount=seal.snapshot.total_amount,
                sealed_at=seal.created_at,
                state=_state(found, kept, check),
                incidents=found,
                copies=kept,
                locations=len(settings.SEAL_BACKUPS),
                checked_at=None if check is None else check.checked_at,
                milliseconds=None if check is None else check.milliseconds,
                witness="" if check is None else check.witness,
            )
        )
    return rows


def _state(incidents: int, copies: int, check: SealCheck | None) -> str:
    if incidents or (check is not None and check.findings):
        return DAMAGED
    if copies < len(settings.SEAL_BACKUPS):
        return UNSAVED
    return UNCHECKED if check is None else SOUND


def _signed(text: object) -> Signed:
    """The column may have been tampered with: shown as it stands, the check says what is wrong with it."""
    try:
        key = VerificationKey.parse(str(text))
    except (NoteError, ValueError):
        return Signed("", "unreadable", str(text))
    return Signed(key.name, key.algorithm, str(key))
