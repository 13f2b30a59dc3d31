"""Which rows a scope covers, and which a step's role reaches: for one subject, and as conditions on tasks."""

from __future__ import annotations

from django.db.models import Q

from backend.apps.accounts.domain.scope import Scope
from workflows.history import Subject
from workflows.nodes import Reach

# Seeing a task: the administrators (三员) have no part in amounts, and no other role widens what this one reaches.
VIEW = "subsidy.view_statement"

REACH_TEXT = {
    Reach.INSTITUTION: "该机构不在您的岗位范围内",
    Reach.TOWNSHIP: "该机构应由其所在乡镇街道初审",
    Reach.COUNTY: "该县(市、区)不在您的岗位范围内",
}


def covers(scope: Scope, subject: Subject) -> bool:
    """Are the rows of this subject within the scope?"""
    county = subject.cycle.county_id
    if subject.statement is None:
        return scope.covers_county(county)
    institution = subject.statement.institution
    return scope.covers(
        county_code=county, township_code=institution.township_id, institution_id=institution.pk
    )


def reaches(reach: Reach, scope: Scope, subject: Subject) -> bool:
    """Is the scope the one a step of this reach asks for?"""
    county = subject.cycle.county_id
    if subject.statement is None or reach is Reach.COUNTY:
        return scope.covers_county(county)
    institution = subject.statement.institution
    if reach is Reach.INSTITUTION:
        return institution.pk in scope.institution_ids
    if institution.township_id is None:  # 乡镇街道待补: somebody at county level stands in
        return scope.covers_county(county)
    return institution.township_id in scope.township_codes


# --- the same as conditions on tasks, for lists --------------------------------------------------------
_COUNTY = "place__cycle__county_id"
_INSTITUTION = "place__statement__institution_id"
_TOWNSHIP = "place__statement__institution__township_id"


def tasks_covered(scope: Scope) -> Q:
    return (
        _in_counties(scope)
        | Q(**{f"{_TOWNSHIP}__in": sorted(scope.township_codes)})
        | Q(**{f"{_INSTITUTION}__in": sorted(scope.institution_ids)})
    )


def tasks_reached(reach: Reach, scope: Scope) -> Q:
    if reach is Reach.COUNTY:
        return _in_counties(scope)
    if reach is Reach.INSTITUTION:
        return Q(**{f"{_INSTITUTION}__in": sorted(scope.institution_ids)})
    return Q(**{f"{_TOWNSHIP}__in": sorted(scope.township_codes)}) | (
        Q(**{f"{_TOWNSHIP}__isnull": True}) & _in_counties(scope)
    )


def _in_counties(scope: Scope) -> Q:
    condition = Q(**{f"{_COUNTY}__in": sorted(scope.county_codes)})
    for prefix in sorted(scope.wider_prefixes):
        condition |= Q(place__cycle__county__code__startswith=prefix)
    return condition
