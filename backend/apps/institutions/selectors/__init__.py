"""Reading institutions and regions."""

from backend.apps.institutions.selectors.directory import (
    InstitutionDirectory,
    InstitutionUnclear,
    institution_directory,
)
from backend.apps.institutions.selectors.facts import region_get, townships_by_code

__all__ = [
    "InstitutionDirectory",
    "InstitutionUnclear",
    "institution_directory",
    "region_get",
    "townships_by_code",
]
