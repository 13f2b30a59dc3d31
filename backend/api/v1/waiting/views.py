"""钱卡在谁那: for whom a month's statements wait, and where the time of one process went."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.waiting.serializers import (
    CycleTimesSerializer,
    TimesSerializer,
    WaitingPageSerializer,
    WaitingQuerySerializer,
)
from backend.api.views import ApiView
from backend.apps.subsidy.selectors.visible import VIEW_CYCLE, VIEW_STATEMENT, cycle_get, statement_get
from backend.common.errors import NotFound
from workflows.selectors import ProcessTimes, cycle_times, cycle_waiting, open_steps, statement_times


def _times(found: ProcessTimes | None) -> dict[str, Any]:
    if found is None:
        raise NotFound("times_not_found", "审核尚未开始, 还没有用时")
    return {
        "opened_at": found.elapsed.opened_at,
        "finished_at": found.elapsed.finished_at,
        "total": found.elapsed.total,
        "steps": found.steps,
        "pieces": found.elapsed.pieces,
    }


class CycleWaitingApi(ApiView):
    permission = VIEW_CYCLE

    @operation(
        "cycle_waiting",
        tag="waiting",
        summary="钱卡在谁那: 等谁, 等了多久, 通常多久; 等得最久的在前",
        query=WaitingQuerySerializer,
        response=WaitingPageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        filters = self.filters(WaitingQuerySerializer)
        listing = f"waiting:{cycle_id}"
        page = cycle_waiting(
            actor=self.actor,
            cycle=cycle_get(actor=self.actor, cycle_id=cycle_id),
            node=filters.get("node", ""),
            due=filters.get("due", ""),
            after=self.after(listing, filters),
            limit=filters["limit"],
        )
        return self.page(listing, page, WaitingPageSerializer)


class CycleTimesApi(ApiView):
    permission = VIEW_CYCLE

    @operation(
        "cycle_times",
        tag="waiting",
        summary="本月用时: 各环节之和等于总时长; 各环节还有多少在办",
        response=CycleTimesSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        cycle = cycle_get(actor=self.actor, cycle_id=cycle_id)
        body = _times(cycle_times(cycle)) | {"open_steps": open_steps(actor=self.actor, cycle=cycle)}
        return Response(CycleTimesSerializer(body).data)


class StatementTimesApi(ApiView):
    permission = VIEW_STATEMENT

    @operation(
        "statement_times",
        tag="waiting",
        summary="一张结算单的用时",
        response=TimesSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, statement_id: int) -> Response:
        statement = statement_get(actor=self.actor, statement_id=statement_id)
        return Response(TimesSerializer(_times(statement_times(statement))).data)
