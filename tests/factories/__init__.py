"""Builders of test data: every argument has a default, every default is fixed, nothing reads a clock.

`cast()` is the named company of people and places most tests play with.
"""

from tests.factories.attendance import make_punch, make_punch_pair, make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.people import PASSWORD, make_user
from tests.factories.places import COUNTY, TOWNSHIP, make_county, make_institution, make_staff
from tests.factories.schemes import make_scheme

__all__ = [
    "COUNTY",
    "PASSWORD",
    "TOWNSHIP",
    "Cast",
    "cast",
    "make_child",
    "make_county",
    "make_enrolment",
    "make_institution",
    "make_punch",
    "make_punch_pair",
    "make_scheme",
    "make_staff",
    "make_user",
    "make_workdays",
]
