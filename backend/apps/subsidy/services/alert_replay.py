"""预警试算: what a rule would have found in a past month with other parameters or thresholds. It cannot write.

Both sides are worked out from the facts of today, so unchanged parameters give exactly no difference; what was
decided then says which of the lost ones were true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import OuterRef, Subquery

from backend.apps.alerts.domain.evidence import HEADCOUNT, Finding
from backend.apps.alerts.models import Alert, AlertOutcome
from backend.apps.alerts.selectors import rule_values
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.alerts.selectors.thresholds import MOST, places_on
from backend.apps.subsidy.models import MonthlyCycle
from backend.apps.subsidy.selectors.scheme import scheme_day_thresholds
from backend.apps.subsidy.services.replay import read_only
from backend.common.errors import Conflict, Invalid

SHOWN = 40
BORNE_OUT = (AlertOutcome.Outcome.CONFIRMED.value, AlertOutcome.Outcome.CORRECTED.value)
OUTCOMES = (*AlertOutcome.Outcome.values, "open", "none")  # of lost findings; none: never raised
HEADCOUNT_CHOICES = {"number": (1, MOST), "percent_of_places": (50, 200), "percent_of_present": (50, 200)}


@dataclass(frozen=True, slots=True)
class AlertReplay:
    """One month. `kept` is found either way, `blocking_changed` of them would block where they did not, or the other way.

    `lost` counts by what was decided then; `new` and `missed` are shown up to a bound, as ids and sentences without names.
    """

    base: int
    tried: int
    kept: int
    blocking_changed: int
    new: tuple[Finding, ...]
    lost: Mapping[str, int]
    missed: tuple[int, ...]  # alerts that were borne out and would not have been raised
    moved: int  # alerts on record that today's facts no longer give with the parameters of then

    def stored(self, rule: str) -> dict[str, Any]:
        """Ids, counts, dates and sentences without names."""
        registered = REGISTRY[rule]
        return {
            "base": self.base,
            "tried": self.tried,
            "kept": self.kept,
            "blocking_changed": self.blocking_changed,
            "new": len(self.new),
            "lost": dict(self.lost),
            "moved": self.moved,
            "found": [
                {
                    "institution_id": one.institution_ids[0],
                    "child_id": one.child_id,
                    "blocking": one.blocking,
                    "summary": registered.summary(one.evidence),
                }
                for one in self.new[:SHOWN]
            ],
            "missed": list(self.missed[:SHOWN]),
        }


def replay_checked(*, rule: str, values: Mapping[str, int]) -> None:
    """Refuses `rule_values_invalid`, field by field, and `rule_without_parameters`."""
    if rule == HEADCOUNT:
        problems = _headcount_problems(values)
    else:
        if not REGISTRY[rule].rule.parameters:
            raise Conflict(
                "rule_without_parameters", f"{REGISTRY[rule].rule.title}没有可设置的参数, 无从试算"
            )
        problems = REGISTRY[rule].rule.problems(values)
        if not values:
            problems = {"": "请填写要试算的参数"}
    if problems:
        raise Invalid(
            "rule_values_invalid",
            "参数有误: " + "; ".join(problems.values()),
            errors=[
                {"field": f"values.{code}" if code else "values", "message": text}
                for code, text in problems.items()
            ],
        )


def alert_replay(*, cycle: MonthlyCycle, rule: str, values: Mapping[str, int]) -> AlertReplay:
    """One rule over one month, with the values in force then and with others over them; writes are refused by the database."""
    registered = REGISTRY[rule]
    with read_only():
        county, month = cycle.county_id, cycle.month
        facts = MonthFacts(county, month, day_thresholds=scheme_day_thresholds(cycle.scheme))
        then = rule_values(county_code=county, month=month)[rule]
        base = _by_subject(registered.find(facts, then))
        if rule == HEADCOUNT:
            other = MonthFacts(
                county,
                month,
                day_thresholds=facts.day_thresholds,
                headcount_thresholds=_thresholds(facts, values),
            )
            tried = _by_subject(registered.find(other, then))
        else:
            tried = _by_subject(registered.find(facts, {**then, **values}))
        recorded = _recorded(cycle, rule)
    return _compared(base, tried, recorded)


def _compared(
    base: Mapping[str, Finding], tried: Mapping[str, Finding], recorded: Mapping[str, tuple[int, str]]
) -> AlertReplay:
    lost = dict.fromkeys(OUTCOMES, 0)
    missed = []
    for subject in sorted(base.keys() - tried.keys()):
        alert_id, decided = recorded.get(subject, (0, "none"))
        lost[decided] += 1
        if decided in BORNE_OUT:
            missed.append(alert_id)
    kept = base.keys() & tried.keys()
    return AlertReplay(
        base=len(base),
        tried=len(tried),
        kept=len(kept),
        blocking_changed=sum(base[subject].blocking != tried[subject].blocking for subject in kept),
        new=tuple(tried[subject] for subject in sorted(tried.keys() - base.keys())),
        lost=lost,
        missed=tuple(missed),
        moved=len(recorded.keys() - base.keys()),
    )


def _by_subject(findings: Any) -> dict[str, Finding]:
    return {one.subject_key: one for one in findings}


def _recorded(cycle: MonthlyCycle, rule: str) -> dict[str, tuple[int, str]]:
    """Alert id and what was decided, by subject; those that are gone are no longer on record."""
    newest = AlertOutcome.objects.filter(alert=OuterRef("pk")).order_by("-id")
    rows = (
        Alert.objects.filter(county_id=cycle.county_id, month=cycle.month, rule=rule)
        .exclude(state=Alert.State.GONE)
        .annotate(newest=Subquery(newest.values("outcome")[:1]))
        .values_list("subject_key", "id", "state", "newest")
    )
    return {
        subject: (pk, newest if state == Alert.State.SETTLED and newest else "open")
        for subject, pk, state, newest in rows
    }


def _headcount_problems(values: Mapping[str, int]) -> dict[str, str]:
    unknown = {code: "本规则没有这个参数" for code in values if code not in HEADCOUNT_CHOICES}
    if unknown or len(values) != 1:
        return unknown or {"": "请填写统一的人数、托位的百分比或现有预警人数的百分比, 三者选一"}
    ((code, value),) = values.items()
    low, high = HEADCOUNT_CHOICES[code]
    return {} if low <= value <= high else {code: f"应为 {low} 至 {high}"}


def _thresholds(facts: MonthFacts, values: Mapping[str, int]) -> dict[int, list[tuple[date, int]]]:
    """预警人数 by institution as tried; a share is rounded down and never below one."""
    if "percent_of_present" in values:
        share = values["percent_of_present"]
        return {
            pk: [(starts_on, max(1, number * share // 100)) for starts_on, number in dated]
            for pk, dated in facts.thresholds.items()
        }
    if "number" in values:
        return {pk: [(date.min, values["number"])] for pk in facts.institution_ids}
    places = places_on(facts.institution_ids, facts.month.last_day)
    return {
        pk: [(date.min, max(1, number * values["percent_of_places"] // 100))] for pk, number in places.items()
    }
