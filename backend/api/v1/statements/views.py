"""Statements, their lines, and what stands behind one line."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.statements.read import (
    line_detail,
    line_page,
    statement_detail,
    statement_page,
)
from backend.api.v1.statements.serializers import (
    LineDetailSerializer,
    LinePageSerializer,
    LinePayHereSerializer,
    LineQuerySerializer,
    StatementAllQuerySerializer,
    StatementDetailSerializer,
    StatementPageSerializer,
    StatementQuerySerializer,
)
from backend.api.views import ApiView
from backend.apps.subsidy.selectors.visible import line_get
from backend.apps.subsidy.services import payee_not_needed
from workflows.beside import payee_decide


class StatementListApi(ApiView):
    """Across months: how an institution operator finds its own statements."""

    permission = "subsidy.view_statement"

    @operation(
        "statement_list",
        tag="statements",
        summary="可见的机构月度结算单, 新的在前",
        query=StatementAllQuerySerializer,
        response=StatementPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(StatementAllQuerySerializer)
        page = statement_page(actor=self.actor, filters=filters, after=self.after("statements", filters))
        return self.page("statements", page, StatementPageSerializer)


class CycleStatementListApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "cycle_statement_list",
        tag="statements",
        summary="一个月度周期的机构结算单",
        query=StatementQuerySerializer,
        response=StatementPageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        filters = self.filters(StatementQuerySerializer)
        listing = f"cycle-statements:{cycle_id}"
        page = statement_page(
            actor=self.actor, filters=filters, after=self.after(listing, filters), cycle_id=cycle_id
        )
        return self.page(listing, page, StatementPageSerializer)


class StatementRetrieveApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "statement_retrieve",
        tag="statements",
        summary="一张结算单: 审核意见, 当前任务",
        response=StatementDetailSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, statement_id: int) -> Response:
        detail = statement_detail(actor=self.actor, statement_id=statement_id)
        return Response(StatementDetailSerializer(detail).data)


class StatementLineListApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "statement_line_list",
        tag="statements",
        summary="结算单里每名婴幼儿的应补金额",
        query=LineQuerySerializer,
        response=LinePageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, statement_id: int) -> Response:
        filters = self.filters(LineQuerySerializer)
        listing = f"lines:{statement_id}"
        page = line_page(
            actor=self.actor,
            statement_id=statement_id,
            filters=filters,
            after=self.after(listing, filters),
        )
        return self.page(listing, page, LinePageSerializer)


class LineRetrieveApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "line_retrieve",
        tag="statements",
        summary="算给我看: 一名婴幼儿的算式, 每天是否计入与原因, 打卡与照片",
        response=LineDetailSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, line_id: int) -> Response:
        return Response(LineDetailSerializer(line_detail(actor=self.actor, line_id=line_id)).data)


class LinePayHereApi(ApiView):
    permission = "subsidy.review_county"

    @operation(
        "line_pay_here",
        tag="statements",
        summary="一人两家: 确定由这条明细所在机构享受, 各相关结算单随即重算",
        request=LinePayHereSerializer,
        response=LineDetailSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, line_id: int) -> Response:
        reason = self.body(LinePayHereSerializer)["reason"]
        line = line_get(actor=self.actor, line_id=line_id)
        if line.child_id is None:
            raise payee_not_needed()
        payee_decide(
            cycle_id=line.statement.cycle_id,
            child_id=line.child_id,
            institution_id=line.statement.institution_id,
            reason=reason,
            actor=self.actor,
        )
        return Response(LineDetailSerializer(line_detail(actor=self.actor, line_id=line_id)).data)
