"""Reading institutions and regions."""

from backend.apps.institutions.selectors.directory import (
    InstitutionDirectory,
    InstitutionUnclear,
    institution_directory,
)
from backend.apps.institutions.selectors.facts import region_get, townships_by_code
from backend.apps.institutions.selectors.scoped import (
    CountyInScope,
    counties_in_scope,
    institution_options,
)

__all__ = [
    "CountyInScope",
    "InstitutionDirectory",
    "InstitutionUnclear",
    "counties_in_scope",
    "institution_directory",
    "institution_options",
    "region_get",
    "townships_by_code",
]
