"""预警试算: one's own replays, how far they are, and what each month gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.apps.accounts.models import User
from backend.apps.alerts.selectors.rules import rule_title
from backend.apps.institutions.models import Institution, Region
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page
from workflows.alert_replays import KIND
from workflows.background import ItemCounts, item_counts
from workflows.models import BackgroundItem, BackgroundJob

COUNTS = ("base", "tried", "kept", "new", "blocking_changed", "moved")


@dataclass(frozen=True, slots=True)
class ReplayState:
    """`state`: waiting, running or done; `months` are done so far of `total`."""

    id: int
    title: str
    county: Region
    rule: str
    rule_title: str
    values: Mapping[str, int]
    requested_at: datetime
    finished_at: datetime | None
    state: str
    total: int
    done: int


def replay_page(*, actor: User, after: Key | None = None, limit: int = 20) -> Page[ReplayState]:
    """One's own, newest first; two queries."""
    page = keyset_page(_jobs(actor), keys=("id",), after=after, limit=limit, descending=True)
    return page.map(_states)


def replay_get(*, actor: User, replay_id: int) -> tuple[ReplayState, list[dict[str, Any]]]:
    """The state, and for each finished month its counts, new findings and missed alerts, oldest first; four queries."""
    job = _jobs(actor).filter(pk=replay_id).first()
    if job is None:
        raise NotFound("replay_not_found", "没有这次试算")
    items = list(job.items.filter(state=BackgroundItem.State.DONE).order_by("position"))
    ids = {found["institution_id"] for item in items for found in item.detail["found"]}
    names = {row.pk: row for row in Institution.objects.filter(pk__in=ids).only("id", "name")}
    return _states([job])[0], [_month(item, names) for item in items]


def _month(item: BackgroundItem, names: Mapping[int, Institution]) -> dict[str, Any]:
    detail = item.detail
    return {name: detail[name] for name in COUNTS} | {
        "month": item.arguments["month"],
        "lost": detail["lost"],
        "missed": detail["missed"],
        "found": [found | {"institution": names[found["institution_id"]]} for found in detail["found"]],
    }


def _jobs(actor: User) -> Any:
    return BackgroundJob.objects.filter(requested_by=actor, kind=KIND).select_related("run__cycle__county")


def _states(jobs: Sequence[BackgroundJob]) -> list[ReplayState]:
    counts = item_counts([job.pk for job in jobs])
    return [_state(job, counts[job.pk]) for job in jobs]


def _state(job: BackgroundJob, counts: ItemCounts) -> ReplayState:
    run, rule = job.run, job.arguments["rule"]
    return ReplayState(
        id=job.pk,
        title=job.title,
        county=run.cycle.county,
        rule=rule,
        rule_title=rule_title(rule),
        values=job.arguments["values"],
        requested_at=job.requested_at,
        finished_at=run.finished_at,
        state="done" if run.finished_at is not None else "running" if run.attempts else "waiting",
        total=counts.total,
        done=counts.total - counts.pending,
    )
