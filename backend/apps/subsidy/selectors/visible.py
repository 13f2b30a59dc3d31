"""Which cycles and statements a person may see. Out of scope and not there look the same (404)."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from backend.apps.accounts.domain.scope import COUNTY_DIGITS, Scope
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.institutions.permissions import institutions_within
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Statement
from backend.common.errors import NotFound

VIEW_CYCLE = "subsidy.view_cycle"
VIEW_STATEMENT = "subsidy.view_statement"


def counties_touched(scope: Scope) -> Q:
    """Cycles of counties within `scope`, or with a township within it."""
    codes = set(scope.county_codes) | {
        code[:COUNTY_DIGITS].ljust(len(code), "0") for code in scope.township_codes
    }
    touched = Q(county_id__in=sorted(codes))
    for prefix in sorted(scope.wider_prefixes):
        touched |= Q(county__code__startswith=prefix)
    return touched


def cycles_visible(actor: User) -> QuerySet[MonthlyCycle]:
    scope = scope_of(actor, permission=VIEW_CYCLE)
    return MonthlyCycle.objects.filter(counties_touched(scope)).select_related("county", "scheme")


def cycle_get(*, actor: User, cycle_id: int) -> MonthlyCycle:
    cycle = cycles_visible(actor).filter(pk=cycle_id).first()
    if cycle is None:
        raise NotFound("cycle_not_found", "没有这个月度周期, 或不在您的权限范围内")
    return cycle


def cycle_with_statements_get(*, actor: User, cycle_id: int) -> MonthlyCycle:
    """Also for somebody who sees only an institution's statement in it, not the cycle itself."""
    own = Statement.objects.filter(statements_reached(actor), cycle_id=OuterRef("pk"))
    touched = counties_touched(scope_of(actor, permission=VIEW_CYCLE))
    cycle = MonthlyCycle.objects.filter(touched | Q(Exists(own)), pk=cycle_id).first()
    if cycle is None:
        raise NotFound("cycle_not_found", "没有这个月度周期, 或不在您的权限范围内")
    return cycle


def statements_reached(actor: User, prefix: str = "") -> Q:
    """Filter for statements in the actor's scope; `prefix` is the path to the statement."""
    return institutions_within(scope_of(actor, permission=VIEW_STATEMENT), f"{prefix}institution__")


def statement_get(*, actor: User, statement_id: int) -> Statement:
    statement = (
        Statement.objects.filter(statements_reached(actor), pk=statement_id)
        .select_related("cycle__county", "institution__township", "grade")
        .first()
    )
    if statement is None:
        raise NotFound("statement_not_found", "没有这张结算单, 或不在您的权限范围内")
    return statement


def line_get(*, actor: User, line_id: int) -> EntitlementLine:
    line = (
        EntitlementLine.objects.filter(statements_reached(actor, "statement__"), pk=line_id)
        .select_related("child", "statement__cycle", "statement__institution")
        .first()
    )
    if line is None:
        raise NotFound("line_not_found", "没有这条明细, 或不在您的权限范围内")
    return line
