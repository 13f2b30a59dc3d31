"""The one write path of the flows: for PC, phone, commands, jobs and tests alike."""

from workflows.actions import ActionPayload
from workflows.services.beyond import (
    cycle_capabilities,
    perform_on_cycle,
    perform_on_statement,
    statement_capabilities,
)
from workflows.services.cycles import cycle_start
from workflows.services.delegating import delegation_make, delegation_revoke
from workflows.services.performing import Performed, capabilities, perform, perform_at

__all__ = [
    "ActionPayload",
    "Performed",
    "capabilities",
    "cycle_capabilities",
    "cycle_start",
    "delegation_make",
    "delegation_revoke",
    "perform",
    "perform_at",
    "perform_on_cycle",
    "perform_on_statement",
    "statement_capabilities",
]
