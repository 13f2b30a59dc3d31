"""Life of a scheme: draft → checked on a real month → released by a second person → pinned to cycles. Never edited after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Grade, Region
from backend.apps.subsidy.domain.scheme import AXES, SchemeDefinition, SchemeError
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.apps.subsidy.models import ANY, Rate, Scheme, SchemeEvent
from backend.apps.subsidy.selectors.scheme import scheme_content_hash, scheme_list
from backend.apps.subsidy.services.replay import Replay, scheme_replay
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth

EDIT_SCHEME: Final = "subsidy.edit_scheme"
RELEASE_SCHEME: Final = "subsidy.release_scheme"
_WRITERS: Final = (SchemeEvent.Kind.DRAFTED, SchemeEvent.Kind.EDITED)


@dataclass(frozen=True, slots=True)
class RateInput:
    """One standard; `keys` names a value (or `*`) for every axis of the scheme, `amount` None abolishes."""

    keys: Mapping[str, str]
    amount: Decimal | None
    document_number: str
    starts_on: date
    clause: str = ""


@dataclass(frozen=True, slots=True)
class SchemeInput:
    """Everything an official types in."""

    name: str
    document_number: str
    starts_on: date
    definition: Mapping[str, Any]
    rates: Sequence[RateInput]


@dataclass(frozen=True, slots=True)
class SchemeCheck:
    """A draft tried on a month that really was, against the rule in force then."""

    content_hash: str
    replay: Replay


@transaction.atomic
def scheme_draft_create(*, county_code: str, code: str, content: SchemeInput, actor: User) -> Scheme:
    """A new draft: version 1 of a new `code`, or the next version of a known one.

    Refuses with `permission_missing`, `county_not_found`, `scheme_invalid` (with `errors` by field), `scheme_busy`.
    """
    _allow(actor, EDIT_SCHEME)
    county = Region.objects.filter(code=county_code, level=Region.Level.COUNTY).first()
    if county is None or not scope_of(actor, permission=EDIT_SCHEME).covers_county(county_code):
        raise NotFound("county_not_found", "没有找到该县(市、区)")
    parsed = _parsed(content)
    newest = Scheme.objects.filter(county=county, code=code).aggregate(Max("version"))["version__max"] or 0
    scheme = Scheme(county=county, code=code, version=newest + 1, made_by=actor)
    _write(scheme, content)
    _write_rates(scheme, content, parsed)
    _event(scheme, SchemeEvent.Kind.DRAFTED, actor)
    return scheme


@transaction.atomic
def scheme_draft_copy(*, scheme_id: int, actor: User) -> Scheme:
    """The next version of a scheme as a draft with the same content."""
    source = _find(scheme_id, actor, EDIT_SCHEME)
    content = scheme_input(source)
    return scheme_draft_create(county_code=source.county_id, code=source.code, content=content, actor=actor)


@transaction.atomic
def scheme_draft_edit(*, scheme_id: int, content_hash: str, content: SchemeInput, actor: User) -> Scheme:
    """Replace the content of a draft that still is what the editor saw (`content_hash`).

    Refuses with `scheme_released`, `content_changed`, `scheme_invalid`.
    """
    scheme = _find(scheme_id, actor, EDIT_SCHEME, lock=True)
    _refuse_released(scheme)
    _refuse_changed(scheme, content_hash)
    parsed = _parsed(content)
    _write(scheme, content)
    scheme.rates.all().delete()
    _write_rates(scheme, content, parsed)
    if scheme_content_hash(scheme) != content_hash:
        _event(scheme, SchemeEvent.Kind.EDITED, actor)
    return scheme


def scheme_check(*, scheme_id: int, month: ServiceMonth, actor: User) -> SchemeCheck:
    """Try the draft on the children of a past month, and note that it was done: a release needs that.

    Refuses with `month_not_past`, and as `scheme_replay` does.
    """
    scheme = _find(scheme_id, actor, EDIT_SCHEME)
    if month.last_day >= timezone.localdate():
        raise Invalid("month_not_past", f"{month} 还没有结束, 请选一个已经结束的月份")
    content_hash = scheme_content_hash(scheme)
    replay = scheme_replay(scheme=scheme, months=[month])
    with transaction.atomic():
        row = _find(scheme_id, actor, EDIT_SCHEME, lock=True)
        _refuse_released(row)
        _refuse_changed(row, content_hash)
        total = replay.total
        detail = {
            "lines": total.lines,
            "changed": total.changed,
            "before": str(total.before),
            "after": str(total.after),
            "blocked": replay.blocked_after,
        }
        _event(row, SchemeEvent.Kind.CHECKED, actor, month=month, detail=detail)
    return SchemeCheck(content_hash, replay)


@transaction.atomic
def scheme_release(*, scheme_id: int, content_hash: str, actor: User) -> Scheme:
    """Release exactly the content that was seen and checked; whoever drafted or edited it may not.

    Refuses with `scheme_released`, `content_changed`, `scheme_unchecked`, `separation_of_duties`.
    """
    scheme = _find(scheme_id, actor, RELEASE_SCHEME, lock=True)
    _refuse_released(scheme)
    _refuse_changed(scheme, content_hash)
    events = list(scheme.events.all())
    if actor.pk == scheme.made_by_id or any(e.by_id == actor.pk and e.kind in _WRITERS for e in events):
        raise Forbidden("separation_of_duties", "起草或修改过这个方案的人不能发布, 请由另一人发布")
    if not any(e.kind == SchemeEvent.Kind.CHECKED and e.digest == content_hash for e in events):
        raise Conflict("scheme_unchecked", "这一版内容还没有在实际月份上试算核对, 不能发布")
    scheme.state = Scheme.State.RELEASED
    scheme.released_by = actor
    scheme.released_at = timezone.now()
    scheme.save(update_fields=["state", "released_by", "released_at"])
    _event(scheme, SchemeEvent.Kind.RELEASED, actor)
    return scheme


def scheme_input(scheme: Scheme) -> SchemeInput:
    """The stored content in the form it is typed in."""
    axes = [a for a in AXES if a in scheme.definition.get("axes", [])]
    return SchemeInput(
        name=scheme.name,
        document_number=scheme.document_number,
        starts_on=scheme.starts_on,
        definition=scheme.definition,
        rates=[
            RateInput(
                keys={a: (r.grade_id or ANY) if a == "grade" else getattr(r, a) for a in axes},
                amount=r.amount,
                document_number=r.document_number,
                starts_on=r.starts_on,
                clause=r.clause,
            )
            for r in scheme.rates.order_by("id")
        ],
    )


def _allow(actor: User, permission: str) -> None:
    if not actor.has_perm(permission):
        raise Forbidden("permission_missing", "您没有办理补助方案的权限")


def _find(scheme_id: int, actor: User, permission: str, *, lock: bool = False) -> Scheme:
    _allow(actor, permission)
    rows = scheme_list(actor=actor, permission=permission)
    if lock:
        rows = rows.select_for_update(of=("self",))
    scheme = rows.filter(pk=scheme_id).first()
    if scheme is None:
        raise NotFound("scheme_not_found", "没有找到这个补助方案")
    return scheme


def _refuse_released(scheme: Scheme) -> None:
    if scheme.state == Scheme.State.RELEASED:
        raise Conflict("scheme_released", "已发布的方案不能修改; 请复制为新版本的草稿")


def _refuse_changed(scheme: Scheme, content_hash: str) -> None:
    if scheme_content_hash(scheme) != content_hash:
        raise Conflict("content_changed", "方案在您查看之后有改动, 请刷新后重新确认")


def _parsed(content: SchemeInput) -> SchemeDefinition:
    rates = [
        {
            "keys": dict(r.keys),
            "amount": r.amount,
            "document_number": r.document_number,
            "clause": r.clause,
            "starts_on": r.starts_on,
        }
        for r in content.rates
    ]
    try:
        parsed = parse_scheme(content.definition, rates)
    except SchemeError as error:
        raise _invalid(error.field, error.message_zh) from error
    known = set(Grade.objects.values_list("code", flat=True))
    for at, (code, _) in enumerate(parsed.grades):
        if code not in known:
            raise _invalid(f"grades[{at}]", f"系统里没有等级 {code}, 请先建立等级")
    if "*" in {value for _, value in _grade_keys(parsed)} and not parsed.grades:
        raise _invalid("grades", "标准写了全部等级, 必须列出等级清单")
    return parsed


def _grade_keys(parsed: SchemeDefinition) -> list[tuple[str, str]]:
    return [key for row in parsed.rates for key in row.keys if key[0] == "grade"]


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(
        "scheme_invalid", f"补助方案有误: {message}", errors=[{"field": field, "message": message}]
    )


def _write(scheme: Scheme, content: SchemeInput) -> None:
    scheme.name = content.name.strip()
    scheme.document_number = content.document_number.strip()
    scheme.starts_on = content.starts_on
    scheme.definition = dict(content.definition)
    try:
        scheme.full_clean(exclude=["county", "made_by", "released_by", "released_at"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise _invalid(field, messages[0]) from error
    try:
        with transaction.atomic():
            scheme.save()
    except IntegrityError:  # two people drafted the next version at once: the unique key decides
        raise Conflict("scheme_busy", "另一人刚刚起草了同一版本, 请重试") from None


def _write_rates(scheme: Scheme, content: SchemeInput, parsed: SchemeDefinition) -> None:
    rows = []
    for row in parsed.rates:
        keys = dict(row.keys)
        grade = keys.pop("grade", ANY)
        rows.append(
            Rate(
                scheme=scheme,
                grade_id=None if grade == ANY else grade,
                **keys,
                amount=row.amount,
                unit=parsed.unit,
                document_number=row.document_number,
                clause=row.clause,
                starts_on=row.starts_on,
            )
        )
    Rate.objects.bulk_create(rows)


def _event(
    scheme: Scheme,
    kind: SchemeEvent.Kind,
    actor: User,
    *,
    month: ServiceMonth | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    digest = scheme_content_hash(scheme)
    SchemeEvent.objects.create(
        scheme=scheme,
        kind=kind,
        digest=digest,
        month=month,
        detail=detail or {},
        by=actor,
        by_name=actor.display_name,
        at=timezone.now(),
    )
    audit_record(
        actor=actor,
        action=f"subsidy.scheme.{kind.value}",
        target=scheme,
        county=scheme.county_id,
        detail={"code": scheme.code, "version": scheme.version, "content": digest, **(detail or {})},
    )
