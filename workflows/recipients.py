"""Whom a step concerns: the people whose roles reach it today. The inverse of `access`, for messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.models import RoleAssignment, User
from workflows.access.delegations import in_force
from workflows.duties import Duty, Within, conflicts_of, nobody_in_conflict
from workflows.history import Subject
from workflows.models import Delegation, ProcessEvent, TaskPlace
from workflows.nodes import HumanTask, Reach
from workflows.performed import Place


def people_for(node: HumanTask, subject: Subject) -> list[User]:
    """Everybody who may take this step of this subject now, duties included; in a fixed order."""
    statement = subject.statement
    county = upwards(subject.cycle.county_id)
    if statement is None or node.reach is Reach.COUNTY:
        where = Q(region_code__in=county)
    elif node.reach is Reach.INSTITUTION:
        where = Q(institution_id=statement.institution_id)
    elif statement.institution.township_id is None:
        where = Q(region_code__in=county)
    else:
        where = Q(region_code=statement.institution.township_id)
    place = Place.of(subject)
    free = nobody_in_conflict(node.duty, place, column="user_id")
    people = _holders(node.permission, where & free)
    return people + [one for one in _delegates(node, where & free, place) if one not in people]


def _delegates(node: HumanTask, delegators: Q, place: Place) -> list[User]:
    """委托: who may take the step today for somebody who could, the duties of both apart."""
    people = _assignments(node.permission, delegators).values("user_id")
    free = nobody_in_conflict(node.duty, place, column="delegate_id")
    found = Delegation.objects.filter(
        in_force(), free, person__in=people, permission=node.permission, delegate__is_active=True
    )
    return list(
        {one.delegate_id: one.delegate for one in found.select_related("delegate").order_by("id")}.values()
    )


def people_with(permission: str, *, county_code: str = "") -> list[User]:
    """Everybody holding a permission over a county, or anywhere."""
    return _holders(permission, Q(region_code__in=upwards(county_code)) if county_code else Q())


def reviewers_of(permission: str, *, county_code: str) -> dict[str, list[User]]:
    """Holders of a permission inside a county by the region code of their assignment."""
    found: dict[str, list[User]] = {}
    inside = Q(region_code__startswith=county_code[:6]) | Q(region_code__in=upwards(county_code))
    for assignment in _assignments(permission, inside).select_related("user"):
        found.setdefault(assignment.region_code, []).append(assignment.user)
    return found


def takers_of_many(node: HumanTask, places: Sequence[TaskPlace]) -> dict[User, list[TaskPlace]]:
    """Who has each of these tasks of one step and cycle, or may take it; a handful of queries for all.

    The owner of a claimed task; else everybody whose reach and duties in the flow allow the step, and who stands in for them.
    """
    claimed = [place for place in places if place.task.owner is not None]
    free = [place for place in places if place.task.owner is None]
    found: dict[User, list[TaskPlace]] = defaultdict(list)
    for place in claimed:
        found[place.task.owner].append(place)
    candidates = _people_of_places(node.permission, node.reach, free)
    stand_ins = _stand_ins(node.permission, candidates)
    conflicts = _conflicts(node, places[0].cycle_id, {*candidates, *stand_ins})

    def allowed(person: User, theirs: list[TaskPlace]) -> list[TaskPlace]:
        cycle_wide, statements = conflicts.get(person.pk, (False, frozenset()))
        return [] if cycle_wide else [place for place in theirs if place.statement_id not in statements]

    for person, theirs in candidates.items():
        _add(found, person, allowed(person, theirs))
    for delegate, people in stand_ins.items():  # 委托: the duties of both
        for person in people:
            _add(found, delegate, allowed(delegate, allowed(person, candidates[person])))
    return dict(found)


def _add(found: dict[User, list[TaskPlace]], person: User, theirs: list[TaskPlace]) -> None:
    if theirs:
        found[person] += [place for place in theirs if place not in found[person]]


def _stand_ins(permission: str, people: Iterable[User]) -> dict[User, list[User]]:
    """Who takes this step today for whom of these people; one query."""
    rows = Delegation.objects.filter(
        in_force(), person__in=list(people), permission=permission, delegate__is_active=True
    )
    found: dict[User, list[User]] = defaultdict(list)
    for row in rows.select_related("delegate", "person").order_by("id"):
        found[row.delegate].append(row.person)
    return found


def supervisors_of_many(node: HumanTask, places: Sequence[TaskPlace]) -> dict[User, list[TaskPlace]]:
    """One level up, to be told: the township of an institution, the county of a township, the leaders of a county."""
    if node.reach is Reach.INSTITUTION:
        return _people_of_places("subsidy.review_township", Reach.TOWNSHIP, places)
    if node.reach is Reach.TOWNSHIP:
        return _people_of_places("subsidy.review_county", Reach.COUNTY, places)
    leaders = _in_force(Q(role=RoleCode.LEADER, region_code__in=upwards(places[0].cycle.county_id)))
    return {assignment.user: list(places) for assignment in leaders.select_related("user")}


def _people_of_places(
    permission: str, reach: Reach, places: Sequence[TaskPlace]
) -> dict[User, list[TaskPlace]]:
    if not places:
        return {}
    county = upwards(places[0].cycle.county_id)
    by_institution: dict[int | None, list[User]] = defaultdict(list)
    by_region: dict[str, list[User]] = {}
    if reach is Reach.INSTITUTION:
        ids = {place.statement.institution_id for place in places if place.statement is not None}
        for held in _assignments(permission, Q(institution_id__in=ids)).select_related("user"):
            by_institution[held.institution_id].append(held.user)
    else:
        by_region = reviewers_of(permission, county_code=places[0].cycle.county_id)
    whole_county = [person for region in county for person in by_region.get(region, [])]
    found: dict[User, dict[int, TaskPlace]] = defaultdict(dict)
    for place in places:
        township = None if place.statement is None else place.statement.institution.township_id
        if reach is Reach.INSTITUTION:
            people = [] if place.statement is None else by_institution[place.statement.institution_id]
        elif reach is Reach.COUNTY or township is None:
            people = whole_county
        else:
            people = by_region.get(township, [])
        for person in people:
            found[person][place.pk] = place
    return {person: list(theirs.values()) for person, theirs in found.items()}


def _conflicts(
    node: HumanTask, cycle_id: int, people: Iterable[User]
) -> dict[int, tuple[bool, frozenset[int]]]:
    """By person: barred in the whole month, or from which statements, by what they or somebody for them decided in the flow."""
    rules = dict(conflicts_of(node.duty))
    ids = {person.pk for person in people}
    rows = ProcessEvent.objects.filter(
        Q(actor_id__in=ids) | Q(principal_id__in=ids),
        kind=ProcessEvent.Kind.DECIDED,
        cycle_id=cycle_id,
        duty__in=[duty.value for duty in rules],
    ).values_list("actor_id", "principal_id", "duty", "statement_id")
    whole: set[int] = set()
    single: dict[int, set[int]] = defaultdict(set)
    for actor_id, principal_id, duty, statement_id in rows:
        for person_id in ids & {actor_id, principal_id}:
            if rules[Duty(duty)] is Within.CYCLE:
                whole.add(person_id)
            elif statement_id is not None:
                single[person_id].add(statement_id)
    return {
        person_id: (person_id in whole, frozenset(single[person_id])) for person_id in whole | set(single)
    }


def upwards(county_code: str) -> list[str]:
    """The county, its city and its province: an assignment to any of them reaches the county."""
    return [county_code, county_code[:4] + "0" * 8, county_code[:2] + "0" * 10]


def _assignments(permission: str, where: Q) -> QuerySet[RoleAssignment]:
    roles = [role.value for role in RoleCode if permission in role.permissions]
    return _in_force(where & Q(role__in=roles))


def _in_force(where: Q) -> QuerySet[RoleAssignment]:
    today = timezone.localdate()
    in_force = Q(starts_on__lte=today) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    return RoleAssignment.objects.filter(where, in_force, user__is_active=True).order_by("user_id", "id")


def _holders(permission: str, where: Q) -> list[User]:
    people = _assignments(permission, where).select_related("user")
    return list({assignment.user_id: assignment.user for assignment in people}.values())
