"""迟到账: what sealed months would be with all data, and the lines by which later months pay or take back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import PageQuerySerializer, operation
from backend.api.v1.late.serializers import (
    AdjustmentPageSerializer,
    LedgerLineDetailSerializer,
    LedgerLinePageSerializer,
    LedgerMonthPageSerializer,
    LedgerMonthSerializer,
)
from backend.api.views import ApiView
from backend.apps.seals.selectors.ledger import (
    explained,
    ledger_detail,
    ledger_month,
    ledger_months,
    ledger_rows,
)
from backend.apps.subsidy.selectors.adjustments import AdjustmentRow, adjustment_page
from backend.apps.subsidy.selectors.visible import statement_get


class LedgerMonthListApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "late_month_list",
        tag="late",
        summary="迟到账: 已封存的各月, 新的在前",
        query=PageQuerySerializer,
        response=LedgerMonthPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(PageQuerySerializer)
        page = ledger_months(actor=self.actor, after=self.after("late", filters), limit=filters["limit"])
        return self.page("late", page, LedgerMonthPageSerializer)


class LedgerMonthApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "cycle_late",
        tag="late",
        summary="一个已封存月份的迟到账: 合计",
        response=LedgerMonthSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        return Response(LedgerMonthSerializer(ledger_month(actor=self.actor, cycle_id=cycle_id)).data)


class LedgerLineListApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "cycle_late_lines",
        tag="late",
        summary="一个已封存月份的迟到账: 逐行",
        query=PageQuerySerializer,
        response=LedgerLinePageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        filters = self.filters(PageQuerySerializer)
        listing = f"late:{cycle_id}"
        after = self.after(listing, filters)
        page = ledger_rows(actor=self.actor, cycle_id=cycle_id, after=after, limit=filters["limit"])
        return self.page(listing, page, LedgerLinePageSerializer)


class LedgerLineApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "late_line_retrieve",
        tag="late",
        summary="迟到账一行: 封存与重算的算式, 变化的日子, 在哪个月补发或追回",
        response=LedgerLineDetailSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, line_id: int) -> Response:
        return Response(LedgerLineDetailSerializer(ledger_detail(actor=self.actor, line_id=line_id)).data)


class AdjustmentListApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "statement_adjustments",
        tag="late",
        summary="一张结算单里以前月份的补发与追回",
        query=PageQuerySerializer,
        response=AdjustmentPageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, statement_id: int) -> Response:
        filters = self.filters(PageQuerySerializer)
        listing = f"adjustments:{statement_id}"
        statement = statement_get(actor=self.actor, statement_id=statement_id)
        after = self.after(listing, filters)
        page = adjustment_page(statement=statement, after=after, limit=filters["limit"])
        return self.page(
            listing, page.map(lambda rows: [_adjustment(row) for row in rows]), AdjustmentPageSerializer
        )


def _adjustment(row: AdjustmentRow) -> dict[str, Any]:
    found = asdict(row)
    derivation = found.pop("derivation")
    return found | {"explained": explained(derivation["sealed"], derivation["current"])}
