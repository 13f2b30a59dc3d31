"""The month's results as a workbook: one sheet for each of the two rules the tender names, with its columns.

Names are masked; text stays text, so that nothing a file brought in is ever run as a formula.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import xlsxwriter

from backend.apps.accounts.models import User
from backend.apps.alerts.domain.evidence import HEADCOUNT, SEVERAL_INSTITUTIONS, TRANSFER
from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors.alerts import AlertFilter
from backend.apps.alerts.selectors.results import results_of_month
from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Institution, Region
from backend.common.masking import mask_name
from backend.common.service_month import ServiceMonth


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int
    value: Callable[[Any], str | int | float]


@dataclass(frozen=True, slots=True)
class _Stay:
    """One child at one of several institutions: one row of the second sheet."""

    alert: Alert
    institution: str
    days: int
    dates: Sequence[str]


def results_file(*, actor: User, county: Region, where: AlertFilter, month: ServiceMonth) -> bytes:
    """Workbook of a month within the actor's scope; who took it is noted in the audit trail."""
    headcount = results_of_month(actor=actor, where=where, rule=HEADCOUNT)
    several = results_of_month(actor=actor, where=where, rule=SEVERAL_INSTITUTIONS)
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": True,
        },
    )
    book.set_properties({"title": f"{county.name} {month} 考勤预警结果"})
    _sheet(book, "考勤人数异常", f"{county.name} {month} 考勤人数异常", _HEADCOUNT, headcount)
    _sheet(book, "考勤机构异常", f"{county.name} {month} 考勤机构异常", _SEVERAL, _stays(several))
    book.close()
    audit_record(
        actor=actor,
        action="alerts.results.exported",
        target=county,
        county=county,
        detail={"month": month, "headcount": len(headcount), "several_institutions": len(several)},
    )
    return target.getvalue()


def status_text(alert: Alert) -> str:
    """待处置, 已放行, or the newest outcome."""
    outcomes = list(alert.outcomes.all())
    if alert.state == Alert.State.SETTLED and outcomes:
        return outcomes[-1].get_outcome_display()
    passed = any(one.evidence_hash == alert.evidence_hash for one in alert.overrides.all())
    return "待处置(已放行)" if passed and alert.state == Alert.State.OPEN else alert.get_state_display()


def reason_text(alert: Alert) -> str:
    outcomes = list(alert.outcomes.all())
    if alert.state != Alert.State.SETTLED or not outcomes:
        return ""
    return f"{outcomes[-1].reason} ({outcomes[-1].by_name})"


_HEADCOUNT = (
    _Column("机构名称", 34, lambda alert: alert.institution.name),
    _Column("考勤日期", 12, lambda alert: alert.evidence["date"]),
    _Column("当日考勤人数", 13, lambda alert: alert.evidence["headcount"]),
    _Column("预警人数", 10, lambda alert: alert.evidence["threshold"]),
    _Column("当月平均考勤人数", 17, lambda alert: float(alert.evidence["month_average"])),
    _Column("当月最高考勤人数", 17, lambda alert: alert.evidence["month_max"]),
    _Column("处置", 14, status_text),
    _Column("处置原因", 50, reason_text),
)
_SEVERAL = (
    _Column(
        "婴幼儿名称", 12, lambda stay: "" if stay.alert.child is None else mask_name(stay.alert.child.name)
    ),
    _Column("婴幼儿编号", 14, lambda stay: "" if stay.alert.child is None else stay.alert.child.code),
    _Column("打卡托育机构名称", 34, lambda stay: stay.institution),
    _Column("打卡月份", 10, lambda stay: str(stay.alert.month)),
    _Column("打卡天数", 10, lambda stay: stay.days),
    _Column("打卡日期", 44, lambda stay: _dates(stay.dates)),
    _Column("同日在两处", 30, lambda stay: _dates(stay.alert.evidence["overlapping_dates"])),
    _Column("性质", 20, lambda stay: "先后转托" if stay.alert.evidence["kind"] == TRANSFER else "日期交叉"),
    _Column("处置", 14, lambda stay: status_text(stay.alert)),
    _Column("处置原因", 50, lambda stay: reason_text(stay.alert)),
)


def _stays(alerts: Sequence[Alert]) -> list[_Stay]:
    ids = {stay["institution_id"] for alert in alerts for stay in alert.evidence["institutions"]}
    names = dict(Institution.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [
        _Stay(alert, names[stay["institution_id"]], stay["days"], stay["dates"])
        for alert in alerts
        for stay in alert.evidence["institutions"]
    ]


def _dates(isos: Iterable[str]) -> str:
    return "、".join(str(date.fromisoformat(iso).day) for iso in isos)


def _sheet(book: Any, name: str, title: str, columns: Sequence[_Column], rows: Sequence[Any]) -> None:
    plain = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
    cell = book.add_format({**plain, "border": 1, "text_wrap": True})
    head = book.add_format({**plain, "border": 1, "bold": True, "align": "center", "bg_color": "#F0F0F0"})
    sheet = book.add_worksheet(name)
    sheet.write_string(0, 0, title, book.add_format({**plain, "bold": True, "font_size": 14}))
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
        sheet.write_string(1, number, column.title, head)
        for offset, row in enumerate(rows, start=2):
            value = column.value(row)
            if isinstance(value, str):
                sheet.write_string(offset, number, value, cell)
            else:
                sheet.write_number(offset, number, value, cell)
    if not rows:
        sheet.write_string(2, 0, "本月没有", cell)
    sheet.freeze_panes(2, 1)
    sheet.set_paper(9)  # A4
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    sheet.set_footer("&C第 &P 页 / 共 &N 页")
