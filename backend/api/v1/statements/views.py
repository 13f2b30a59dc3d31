"""Statements, their lines, and what stands behind one line."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import IDEMPOTENCY_KEY, operation
from backend.api.v1.statements.read import (
    line_detail,
    line_page,
    statement_detail,
    statement_page,
    statement_row,
)
from backend.api.v1.statements.serializers import (
    LineDetailSerializer,
    LinePageSerializer,
    LinePayHereSerializer,
    LineQuerySerializer,
    StatementAllQuerySerializer,
    StatementDetailSerializer,
    StatementExcludeSerializer,
    StatementPageSerializer,
    StatementQuerySerializer,
    StatementReopenSerializer,
    StatementSerializer,
)
from backend.api.views import ApiView
from backend.apps.subsidy.selectors.visible import line_get
from backend.apps.subsidy.services import payee_not_needed
from workflows.beside import payee_decide
from workflows.services import ActionPayload, perform_on_statement


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


class StatementActApi(ApiView):
    """Acts on the whole statement, whatever step its review is at."""

    permission = "subsidy.view_statement"

    def act(self, statement_id: int, action: str, payload: ActionPayload) -> Response:
        perform_on_statement(statement_id=statement_id, actor=self.actor, action=action, payload=payload)
        return Response(StatementSerializer(statement_row(actor=self.actor, statement_id=statement_id)).data)


class StatementExcludeApi(StatementActApi):
    @operation(
        "statement_exclude",
        tag="statements",
        summary="不纳入本月: 审核的任何环节, 由县级写明原因",
        request=StatementExcludeSerializer,
        response=StatementSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409, 503),
    )
    def post(self, request: Request, statement_id: int) -> Response:
        data = self.body(StatementExcludeSerializer)
        payload = ActionPayload(
            comment=data["reason"],
            content_hash=data["content_hash"],
            idempotency_key=self.idempotency_key,
        )
        return self.act(statement_id, "exclude", payload)


class StatementReopenApi(StatementActApi):
    @operation(
        "statement_reopen",
        tag="statements",
        summary="重新审核: 评定之前, 审结的结算单回到新一轮初审",
        request=StatementReopenSerializer,
        response=StatementSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409, 503),
    )
    def post(self, request: Request, statement_id: int) -> Response:
        data = self.body(StatementReopenSerializer)
        payload = ActionPayload(comment=data["reason"], idempotency_key=self.idempotency_key)
        return self.act(statement_id, "reopen", payload)


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
