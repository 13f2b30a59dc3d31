"""What sealing tells people: the witness of a new seal, and that a sealed month was tampered with."""

from __future__ import annotations

from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import UndeliverableError
from backend.apps.messaging.services import message_send
from backend.apps.seals.models import Seal, SealIncident
from backend.apps.seals.services import late_arrived, seal_backup
from backend.common.errors import Unavailable
from backend.common.service_month import ServiceMonth
from workflows.recipients import people_with

SHOWN = 3  # places named in a message; all of them are on the page


def month_sealed(row: Delivery) -> str:
    """The witness leaves the machine: evaluators, leaders and auditors of the county keep the short code."""
    seal = Seal.objects.select_related("snapshot").filter(pk=row.payload["seal_id"]).first()
    if seal is None:
        raise UndeliverableError
    sent = message_send(
        recipients=people_with("reporting.view_report", county_code=seal.county_code),
        key=row.key,
        kind="month_sealed",
        title=f"{seal.snapshot.county_name} {seal.month} 已封存, 简码 {seal.code}",
        body=f"请保存本消息。日后用简码核对报告和封存包, 数据有任何改动简码都会不同。月根 {seal.root}",
        link=f"/cycles/{seal.snapshot.cycle_id}",
    )
    return f"{sent} 人"


def month_backup(row: Delivery) -> str:
    """Until every location holds the package; the flow's own step does it first, this is the safety net."""
    if not Seal.objects.filter(pk=row.payload["seal_id"]).exists():
        raise UndeliverableError
    summary = seal_backup(seal_id=row.payload["seal_id"])
    if summary.failed:
        raise Unavailable("seal_backup_failed", "有备份位置写入失败, 稍后重试")
    return ", ".join(summary.written)


def late_data(row: Delivery) -> str:
    """迟到账: data of a month that may be sealed came in; a month that is not costs one query."""
    month = ServiceMonth.parse(row.payload["month"])
    summary = late_arrived(county_code=row.payload["county_code"], month=month)
    return "未封存" if summary is None else f"{summary.rows} 行"


def month_tampered(row: Delivery) -> str:
    """To those who can act and those who must know; values are masked already."""
    incidents = list(SealIncident.objects.filter(pk__in=row.payload["incident_ids"]).order_by("id"))
    if not incidents:
        raise UndeliverableError
    first, county = incidents[0], incidents[0].county_code
    people = {
        person.pk: person
        for permission, where in (
            ("audit.view_events", ""),
            ("accounts.manage_policies", ""),
            ("jobs.operate", ""),
            ("subsidy.evaluate_cycle", county),
            ("subsidy.review_county", county),
        )
        for person in people_with(permission, county_code=where)
    }
    named = "; ".join(_named(incident) for incident in incidents[:SHOWN])
    more = row.payload["count"] - min(len(incidents), SHOWN)
    sent = message_send(
        recipients=list(people.values()),
        key=row.key,
        kind="seal_tampered",
        title=f"封存异常: {first.month or '数据库防护'} {row.payload['count']} 处"[:120],
        body=(named + (f"; 另有 {more} 处" if more > 0 else ""))[:500],
        link="/seals",
    )
    return f"{sent} 人"


def _named(incident: SealIncident) -> str:
    place = " ".join(part for part in (incident.table_name, incident.row_key, incident.field) if part)
    values = f" {incident.old_text} → {incident.new_text}" if incident.old_text or incident.new_text else ""
    return f"{place}{values} ({incident.message})"
