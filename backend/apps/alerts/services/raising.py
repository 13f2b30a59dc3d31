"""Raising alerts: the findings of now against the alerts on record. Raising twice equals raising once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from backend.apps.alerts.domain.evidence import Finding
from backend.apps.alerts.models import Alert, AlertInstitution, AlertOutcome
from backend.apps.alerts.selectors.alerts import alerts_holding_up
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rule_values import rule_values
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.alerts.selectors.thresholds import institutions_without_threshold
from backend.apps.attendance.services import attendance_ensure_folded, photo_uses_fold, photos_match
from backend.common.bulk import rows_update
from backend.common.crypto import sm3_hex
from backend.common.progress import Progress, nobody
from backend.common.service_month import ServiceMonth

PHOTO_RULE = "photo_reused"
KEY = ("county_id", "month", "rule", "subject_key")
FIELDS = (
    *("institution_id", "child_id", "blocking", "severity", "state"),
    *("evidence", "evidence_hash", "against", "raised_at"),
)


@dataclass(frozen=True, slots=True)
class AlertSummary:
    """What one raise did; `open` counts alerts that hold up approval, afterwards."""

    found: int
    raised: int
    reopened: int  # settled before, but what was settled has changed, or gone and back again
    gone: int
    open: int
    without_threshold: int  # institutions the headcount rule cannot see


@transaction.atomic
def alerts_raise(
    *,
    county_code: str,
    month: ServiceMonth,
    day_thresholds: Sequence[int] = (),
    rules: Collection[str] | None = None,
    progress: Progress | None = None,
) -> AlertSummary:
    """Run the rules over a county's month: all of the registry, or only those named.

    An alert whose decisive evidence is unchanged keeps its state and outcome; changed evidence opens it again; one
    no longer found is `gone`. The newest outcome always counts for the evidence it was given on. With `rules`, alerts
    of other rules are left as they are. `day_thresholds`: see `MonthFacts`. `progress(done, total)` counts the fold,
    the rules and the writing.
    """
    tell = progress or nobody
    chosen = [found for code, found in REGISTRY.items() if rules is None or code in rules]
    steps = len(chosen) + 2
    attendance_ensure_folded(county_code=county_code, month=month)  # takes the county's lock
    if rules is None or PHOTO_RULE in rules:
        photo_uses_fold(county_code=county_code, month=month)
        photos_match(county_code=county_code)
    tell(1, steps)
    facts = MonthFacts(county_code, month, day_thresholds=tuple(day_thresholds))
    values = rule_values(county_code=county_code, month=month)
    findings: list[Finding] = []
    for number, one in enumerate(chosen, start=2):
        findings += one.find(facts, values[one.rule.code])
        tell(number, steps)
    alerts = Alert.objects.filter(
        county_id=county_code, month=month, **({} if rules is None else {"rule__in": sorted(rules)})
    )
    kept = _keep(facts, alerts, findings)
    return AlertSummary(
        found=len(findings),
        raised=kept.raised,
        reopened=kept.reopened,
        gone=kept.gone,
        open=alerts_holding_up().filter(county_id=county_code, month=month).count(),
        without_threshold=institutions_without_threshold(county_code=county_code, month=month),
    )


FOLLOWING = tuple(code for code, found in REGISTRY.items() if found.rule.follows_corrections)


@transaction.atomic
def alerts_follow(
    *, county_code: str, month: ServiceMonth, institution_ids: Collection[int], day_thresholds: Sequence[int]
) -> None:
    """The rules that read attendance months once more, at these institutions only: a day there was decided otherwise.

    The caller has brought the attendance months up to date. Alerts of other rules and institutions are not touched.
    """
    facts = MonthFacts(
        county_code, month, day_thresholds=tuple(day_thresholds), only=frozenset(institution_ids)
    )
    values = rule_values(county_code=county_code, month=month)
    findings = [found for code in FOLLOWING for found in REGISTRY[code].find(facts, values[code])]
    alerts = Alert.objects.filter(
        county_id=county_code, month=month, rule__in=FOLLOWING, institution_id__in=facts.institution_ids
    )
    _keep(facts, alerts, findings)


class _Kept(NamedTuple):
    raised: int
    reopened: int
    gone: int


def _keep(facts: MonthFacts, alerts: QuerySet[Alert], findings: list[Finding]) -> _Kept:
    """Make `alerts`, all there are of the rules and places looked at, say what was found."""
    here = set(facts.institution_ids)
    kept = {(alert.rule, alert.subject_key): alert for alert in alerts.select_for_update(of=("self",)).all()}
    settled_on = _settled_on(alerts)
    new: list[Alert] = []
    changed: list[Alert] = []
    reopened = 0
    for finding in findings:
        old = kept.get((finding.rule, finding.subject_key))
        alert = _alert(facts.county_code, facts.month, finding, here)
        if old is None:
            new.append(alert)
            continue
        if settled_on.get(old.pk) == alert.evidence_hash:
            alert.state = Alert.State.SETTLED
        if alert.state == old.state and alert.evidence_hash == old.evidence_hash:
            alert.raised_at = old.raised_at
        reopened += old.state != Alert.State.OPEN and alert.state == Alert.State.OPEN
        if any(getattr(alert, name) != getattr(old, name) for name in FIELDS):
            changed.append(alert)
    Alert.objects.bulk_create(new, batch_size=500)
    rows_update(changed, key=KEY, fields=FIELDS)
    gone = _mark_gone(kept.values(), findings)
    _touch(alerts, findings, here)
    return _Kept(len(new), reopened, gone)


@transaction.atomic
def alerts_stake(*, county_code: str, month: ServiceMonth, amounts: Mapping[int, Decimal]) -> int:
    """Note the money that open alerts concern, in yuan by alert id; returns how many rows changed.

    A settled alert keeps what it was settled on: what moved since is the difference to the lines of now.
    """
    alerts = Alert.objects.filter(
        county_id=county_code, month=month, state=Alert.State.OPEN, pk__in=list(amounts)
    ).only("pk", "stake")
    changed = [alert for alert in alerts if alert.stake != amounts[alert.pk]]
    for alert in changed:
        alert.stake = amounts[alert.pk]
    Alert.objects.bulk_update(changed, ["stake"], batch_size=300)
    return len(changed)


def _alert(county_code: str, month: ServiceMonth, finding: Finding, here: set[int]) -> Alert:
    return Alert(
        county_id=county_code,
        month=month,
        rule=finding.rule,
        subject_key=finding.subject_key,
        institution_id=next(pk for pk in finding.institution_ids if pk in here),
        child_id=finding.child_id,
        blocking=finding.blocking,
        severity=finding.severity.value,
        state=Alert.State.OPEN,
        evidence=finding.evidence,
        evidence_hash=sm3_hex(finding.canonical),
        against=[one.stored() for one in finding.against],
        raised_at=timezone.now(),
    )


def _settled_on(alerts: QuerySet[Alert]) -> dict[int, str]:
    """Evidence hash the newest outcome of each alert was given on."""
    return dict(
        AlertOutcome.objects.filter(alert__in=alerts).order_by("id").values_list("alert_id", "evidence_hash")
    )


def _mark_gone(kept: Iterable[Alert], findings: list[Finding]) -> int:
    found = {(finding.rule, finding.subject_key) for finding in findings}
    gone = [
        alert.pk
        for alert in kept
        if (alert.rule, alert.subject_key) not in found and alert.state != Alert.State.GONE
    ]
    if gone:
        Alert.objects.filter(pk__in=gone).update(state=Alert.State.GONE)
    return len(gone)


def _touch(alerts: QuerySet[Alert], findings: list[Finding], here: set[int]) -> None:
    """Every institution of the county that a found alert concerns; those of other counties raise their own."""
    ids = {(rule, key): pk for pk, rule, key in alerts.values_list("pk", "rule", "subject_key")}
    wanted = {
        (ids[finding.rule, finding.subject_key], pk)
        for finding in findings
        for pk in finding.institution_ids
        if pk in here
    }
    found_alerts = {alert for alert, _ in wanted}
    kept = {
        (alert, institution): pk
        for pk, alert, institution in AlertInstitution.objects.filter(alert__in=alerts).values_list(
            "pk", "alert_id", "institution_id"
        )
    }
    AlertInstitution.objects.bulk_create(
        (
            AlertInstitution(alert_id=alert, institution_id=institution)
            for alert, institution in sorted(wanted - kept.keys())
        ),
        batch_size=1_000,
    )
    left = [pk for pair, pk in kept.items() if pair not in wanted and pair[0] in found_alerts]
    if left:
        AlertInstitution.objects.filter(pk__in=left).delete()
