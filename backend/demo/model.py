"""The plan of a demo county: plain frozen rows, numbered from 0, the same for the same seed everywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class PersonPlan:
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class StaffPlan:
    name: str
    id_number: str
    phone: str
    position: str
    starts_on: date


@dataclass(frozen=True, slots=True)
class PlacesPlan:
    class_type: str
    places: int
    affordable_places: int


@dataclass(frozen=True, slots=True)
class InstitutionPlan:
    number: int
    name: str
    credit_code: str
    legal_form: str
    setting: str
    address: str
    township_code: (
        str  # where it is; `township_known` False leaves it out of the register, as two real rows do
    )
    township_known: bool
    longitude: Decimal
    latitude: Decimal
    contact: PersonPlan
    operator: str  # display name of its user
    filed_on: date
    grades: tuple[tuple[date, str], ...]
    affordable: bool
    size: int  # children planned
    places: tuple[PlacesPlan, ...]
    threshold: int
    devices: tuple[str, ...]
    second_reader: bool  # a face terminal at the class room door confirms every passage
    roll_call: bool
    staff: tuple[StaffPlan, ...]


@dataclass(frozen=True, slots=True)
class EnrolmentPlan:
    institution: int
    class_type: str
    care_mode: str
    starts_on: date
    ends_on: date | None
    household_order: int
    monthly_fee: Decimal


@dataclass(frozen=True, slots=True)
class ChildPlan:
    number: int
    code: str
    name: str
    id_number: str
    sex: str
    birth_date: date
    local_registration: bool
    guardian: PersonPlan
    enrolments: tuple[EnrolmentPlan, ...]
    portrait: int  # number of the child whose portrait it is: its own, or another's where that is planted
    portrait_altered: bool = False  # cropped and compressed once more


@dataclass(frozen=True, slots=True)
class LeavePlan:
    """A leave on record; `attended` are days of it on which the child came all the same."""

    child: int
    institution: int
    starts_on: date
    ends_on: date
    kind: str
    attended: tuple[date, ...]


class PunchPlan(NamedTuple):
    """Both moments are naive UTC; `child` and `institution` are numbers of the plan."""

    arrived_at: datetime
    happened_at: datetime
    child: int
    institution: int
    direction: str
    source: str
    device: str
    with_photo: bool


@dataclass(frozen=True, slots=True)
class DemoPlan:
    month: str
    institutions: tuple[InstitutionPlan, ...]
    children: tuple[ChildPlan, ...]
    punches: tuple[PunchPlan, ...]
    leaves: tuple[LeavePlan, ...] = ()
    planted: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
