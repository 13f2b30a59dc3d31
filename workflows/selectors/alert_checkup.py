"""预警体检: what each rule has brought over some months, from what was decided, paid and read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast

from backend.apps.alerts.models import Alert, AlertOutcome, AlertOverride
from backend.apps.alerts.selectors.rules import REGISTRY, rule_title
from backend.apps.subsidy.selectors.alert_money import ZERO, amounts_payable
from backend.common.service_month import ServiceMonth
from workflows.models import ReadingItem

BORNE_OUT = (AlertOutcome.Outcome.CONFIRMED, AlertOutcome.Outcome.CORRECTED)


@dataclass(frozen=True, slots=True)
class RuleCheckup:
    """One rule. `moved` is the signed change of what is payable since the confirmed and corrected alerts about single
    children were raised; `seconds` is what reading and deciding took everybody together."""

    rule: str
    title: str
    leads: int
    open: int
    confirmed: int
    dismissed: int
    corrected: int
    gone: int
    overridden: int
    stake: Decimal
    moved: Decimal
    seconds: int

    @property
    def settled(self) -> int:
        return self.confirmed + self.dismissed + self.corrected

    @property
    def hit_percent(self) -> int | None:
        """Borne out of those settled, None while none is; 100 only when all are.

        >>> RuleCheckup("x", "", 3, 0, 1, 1, 1, 0, 0, ZERO, ZERO, 0).hit_percent
        66
        """
        return (self.confirmed + self.corrected) * 100 // self.settled if self.settled else None


class _Row(NamedTuple):
    id: int
    rule: str
    month: ServiceMonth
    state: str
    child_id: int | None
    stake: Decimal | None
    outcome: str | None


@dataclass(slots=True)
class _Sum:
    states: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    overridden: int = 0
    stake: Decimal = ZERO
    moved: Decimal = ZERO
    seconds: int = 0


def alert_checkup(*, county_code: str, first: ServiceMonth, last: ServiceMonth) -> list[RuleCheckup]:
    """Every rule of the registry and those that only old alerts name; five queries. The caller has checked the scope."""
    alerts = Alert.objects.filter(county_id=county_code, month__gte=first, month__lte=last)
    rows = _rows(alerts)
    sums: dict[str, _Sum] = defaultdict(_Sum)
    rules = {row.id: row.rule for row in rows}
    for row in rows:
        found = sums[row.rule]
        found.states[row.state] += 1
        if row.state == Alert.State.SETTLED and row.outcome:
            found.outcomes[row.outcome] += 1
    for alert_id in (
        AlertOverride.objects.filter(alert__in=alerts).values_list("alert_id", flat=True).distinct()
    ):
        sums[rules[alert_id]].overridden += 1
    _money(rows, sums, county_code, first, last)
    for alert_id, seconds in _seconds(alerts).items():
        sums[rules[alert_id]].seconds += seconds
    codes = [*REGISTRY, *sorted(sums.keys() - REGISTRY.keys())]
    return [_checkup(code, sums[code]) for code in codes]


def _rows(alerts: QuerySet[Alert]) -> list[_Row]:
    newest = AlertOutcome.objects.filter(alert=OuterRef("pk")).order_by("-id")
    found = alerts.annotate(newest=Subquery(newest.values("outcome")[:1])).order_by("id")
    return [
        _Row(*row)
        for row in found.values_list("id", "rule", "month", "state", "child_id", "stake", "newest").iterator(
            chunk_size=5_000
        )
    ]


def _money(
    rows: Iterable[_Row],
    sums: dict[str, _Sum],
    county_code: str,
    first: ServiceMonth,
    last: ServiceMonth,
) -> None:
    borne_out = [
        row
        for row in rows
        if row.state == Alert.State.SETTLED and row.outcome in BORNE_OUT and row.stake is not None
    ]
    now = amounts_payable(
        county_code=county_code,
        first=first,
        last=last,
        child_ids={row.child_id for row in borne_out if row.child_id is not None},
    )
    for row in borne_out:
        if row.child_id is None or row.stake is None:
            continue
        sums[row.rule].stake += row.stake
        sums[row.rule].moved += now.get((row.month, row.child_id), ZERO) - row.stake


def _seconds(alerts: QuerySet[Alert]) -> dict[int, int]:
    """By alert: for each person the longer of what reading tasks measured and what the deciding measured.

    Both clocks run while an alert of a task is settled, so they are never added for one person.
    """
    people: dict[tuple[int, int], int] = {}
    refs = alerts.annotate(ref=Cast("pk", CharField(max_length=40))).values("ref")
    read = ReadingItem.objects.filter(kind=ReadingItem.Kind.ALERT, ref__in=refs)
    for ref, actor, seconds in read.values_list("ref", "reading__actor_id", "seconds"):
        key = int(ref), actor
        people[key] = people.get(key, 0) + seconds
    decided: dict[tuple[int, int], int] = defaultdict(int)
    outcomes = AlertOutcome.objects.filter(alert__in=alerts, seconds__isnull=False)
    for alert_id, by, took in outcomes.values_list("alert_id", "by_id", "seconds"):
        decided[alert_id, by] += took or 0
    found: dict[int, int] = defaultdict(int)
    for key in people.keys() | decided.keys():
        found[key[0]] += max(people.get(key, 0), decided.get(key, 0))
    return dict(found)


def _checkup(code: str, found: _Sum) -> RuleCheckup:
    gone = found.states[Alert.State.GONE]
    return RuleCheckup(
        rule=code,
        title=rule_title(code),
        leads=found.states.total() - gone,
        open=found.states[Alert.State.OPEN],
        confirmed=found.outcomes[AlertOutcome.Outcome.CONFIRMED],
        dismissed=found.outcomes[AlertOutcome.Outcome.DISMISSED],
        corrected=found.outcomes[AlertOutcome.Outcome.CORRECTED],
        gone=gone,
        overridden=found.overridden,
        stake=found.stake,
        moved=found.moved,
        seconds=found.seconds,
    )
