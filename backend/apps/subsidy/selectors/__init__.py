"""Public selectors of the subsidy room."""

from backend.apps.subsidy.selectors.blockers import Blocker, statement_blockers
from backend.apps.subsidy.selectors.content import statement_content_hash
from backend.apps.subsidy.selectors.cycle_content import cycle_content_hash
from backend.apps.subsidy.selectors.preflight import CyclePreflight, cycle_preflight
from backend.apps.subsidy.selectors.verification import Difference, snapshot_verify

__all__ = [
    "Blocker",
    "CyclePreflight",
    "Difference",
    "cycle_content_hash",
    "cycle_preflight",
    "snapshot_verify",
    "statement_blockers",
    "statement_content_hash",
]
