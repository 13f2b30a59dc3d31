"""Reading children and enrolments."""

from backend.apps.enrolment.selectors.children import child_within_scope, children_by_code, children_by_index

__all__ = ["child_within_scope", "children_by_code", "children_by_index"]
