"""The one write path of the flows: for PC, phone, commands, jobs and tests alike."""

from workflows.actions import ActionPayload
from workflows.services.cycles import cycle_start
from workflows.services.performing import Performed, capabilities, perform, perform_at

__all__ = ["ActionPayload", "Performed", "capabilities", "cycle_start", "perform", "perform_at"]
