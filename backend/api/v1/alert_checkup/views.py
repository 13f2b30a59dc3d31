"""预警体检: what each rule brought over some months, and what it would have brought with other parameters."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import IDEMPOTENCY_KEY, PageQuerySerializer, operation
from backend.api.v1.alert_checkup.serializers import (
    AlertReplayPageSerializer,
    AlertReplaySerializer,
    AlertReplayStartSerializer,
    CheckupQuerySerializer,
    CheckupSerializer,
)
from backend.api.v1.alert_settings.read import SET_RULES, county_of
from backend.api.views import ApiView
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.selectors.thresholds import READ
from backend.common.errors import Invalid, NotFound
from workflows.alert_replays import MOST_MONTHS, replay_start
from workflows.selectors.alert_checkup import alert_checkup
from workflows.selectors.alert_replays import replay_get, replay_page

LISTING = "alert-replays"


class AlertCheckupApi(ApiView):
    """Of the whole county, so only for those whose role reaches all of it."""

    permission = READ

    @operation(
        "alert_checkup",
        tag="alerts",
        summary="预警体检: 各规则几个月来的线索、处置、金额与用时",
        query=CheckupQuerySerializer,
        response=CheckupSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(CheckupQuerySerializer)
        county = county_of(self.actor, filters.get("county", ""))
        if not scope_of(self.actor, permission=READ).covers_county(county.code):
            raise NotFound("county_not_found", "没有这个县(市、区), 或不在您的权限范围内")
        first, last = filters["first"], filters["last"]
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        if not 1 <= months <= MOST_MONTHS:
            sentence = f"起止月份应相差 1 至 {MOST_MONTHS} 个月, 且开始不晚于结束"
            raise Invalid("months_wrong", sentence, errors=[{"field": "last", "message": sentence}])
        rules = alert_checkup(county_code=county.code, first=first, last=last)
        return Response(
            CheckupSerializer({"county": county, "first": first, "last": last, "rules": rules}).data
        )


class AlertReplaysApi(ApiView):
    permission = SET_RULES

    @operation(
        "alert_replay_list",
        tag="alerts",
        summary="本人的预警试算, 新的在前",
        query=PageQuerySerializer,
        response=AlertReplayPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(PageQuerySerializer)
        page = replay_page(actor=self.actor, after=self.after(LISTING, filters), limit=filters["limit"])
        return self.page(LISTING, page, AlertReplayPageSerializer)

    @operation(
        "alert_replay_start",
        tag="alerts",
        summary="试算: 换一组参数, 过去几个月会多出什么、漏掉什么; 不改变任何数据",
        request=AlertReplayStartSerializer,
        response=AlertReplaySerializer,
        status=201,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        data = self.body(AlertReplayStartSerializer)
        job = replay_start(
            actor=self.actor,
            county_code=data["county"],
            rule=data["rule"],
            months=data["months"],
            values=data["values"],
            key=self.idempotency_key,
        )
        return Response(_detail(self.actor, job.pk), status=status.HTTP_201_CREATED)


class AlertReplayApi(ApiView):
    permission = SET_RULES

    @operation(
        "alert_replay_retrieve",
        tag="alerts",
        summary="一次试算: 进度与各月结果",
        response=AlertReplaySerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, replay_id: int) -> Response:
        return Response(_detail(self.actor, replay_id))


def _detail(actor: User, replay_id: int) -> Any:
    state, months = replay_get(actor=actor, replay_id=replay_id)
    body = {name: getattr(state, name) for name in STATE_FIELDS} | {"months": months}
    return AlertReplaySerializer(body).data


STATE_FIELDS = (
    *("id", "title", "county", "rule", "rule_title", "values"),
    *("requested_at", "finished_at", "state", "total", "done"),
)
