"""Public services of the subsidy room."""

from backend.apps.subsidy.services.again import statement_recalculate_asked
from backend.apps.subsidy.services.calculation import (
    CalculationSummary,
    cycle_calculate,
    statement_recalculate,
)
from backend.apps.subsidy.services.child_month import child_month_recalculate
from backend.apps.subsidy.services.correction import correction_check, correction_propose
from backend.apps.subsidy.services.cycle import cycle_cancel, cycle_open, cycle_warn
from backend.apps.subsidy.services.decision import (
    DecisionInput,
    already_decided,
    decision_write,
    statement_decide,
)
from backend.apps.subsidy.services.evaluation import cycle_evaluate
from backend.apps.subsidy.services.feed import feed_settle
from backend.apps.subsidy.services.payee import payee_decide, payee_not_needed
from backend.apps.subsidy.services.replay import Replay, scheme_replay
from backend.apps.subsidy.services.scheme import (
    RateInput,
    SchemeCheck,
    SchemeInput,
    scheme_check,
    scheme_draft_copy,
    scheme_draft_create,
    scheme_draft_edit,
    scheme_release,
)
from backend.apps.subsidy.services.snapshot import snapshot_create
from backend.apps.subsidy.services.takeback import decision_take_back

__all__ = [
    "CalculationSummary",
    "DecisionInput",
    "RateInput",
    "Replay",
    "SchemeCheck",
    "SchemeInput",
    "already_decided",
    "child_month_recalculate",
    "correction_check",
    "correction_propose",
    "cycle_calculate",
    "cycle_cancel",
    "cycle_evaluate",
    "cycle_open",
    "cycle_warn",
    "decision_take_back",
    "decision_write",
    "feed_settle",
    "payee_decide",
    "payee_not_needed",
    "scheme_check",
    "scheme_draft_copy",
    "scheme_draft_create",
    "scheme_draft_edit",
    "scheme_release",
    "scheme_replay",
    "snapshot_create",
    "statement_decide",
    "statement_recalculate",
    "statement_recalculate_asked",
]
