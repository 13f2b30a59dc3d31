"""采集情况: the calendar of an institution, the days that wait for somebody, and settling one."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.feed.read import feed_detail
from backend.api.v1.feed.serializers import (
    FeedMonthSerializer,
    FeedQuerySerializer,
    FeedSettleSerializer,
    FeedUnsettledPageSerializer,
    FeedUnsettledQuerySerializer,
)
from backend.api.views import ApiView
from backend.apps.attendance.selectors.feed import unsettled_page
from backend.common.service_month import ServiceMonth
from workflows.beside import feed_settle

LISTING = "feed_unsettled"


class FeedMonthApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "feed_month",
        tag="feed",
        summary="一家机构一个月的采集情况",
        query=FeedQuerySerializer,
        response=FeedMonthSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(FeedQuerySerializer)
        detail = feed_detail(actor=self.actor, institution_id=filters["institution"], month=filters["month"])
        return Response(FeedMonthSerializer(detail).data)


class FeedUnsettledApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "feed_unsettled",
        tag="feed",
        summary="未采集而未处置的日子",
        query=FeedUnsettledQuerySerializer,
        response=FeedUnsettledPageSerializer,
        problems=(401, 403),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(FeedUnsettledQuerySerializer)
        page = unsettled_page(
            actor=self.actor,
            month=filters["month"],
            institution_id=filters.get("institution"),
            after=self.after(LISTING, filters),
            limit=filters["limit"],
        )
        return self.page(LISTING, page, FeedUnsettledPageSerializer)


class FeedSettleApi(ApiView):
    permission = "attendance.settle_feed"

    @operation(
        "feed_settle",
        tag="feed",
        summary="处置未采集的一天",
        request=FeedSettleSerializer,
        response=FeedMonthSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, feed_day_id: int) -> Response:
        data = self.body(FeedSettleSerializer)
        record = feed_settle(feed_day_id=feed_day_id, **data, actor=self.actor)
        detail = feed_detail(
            actor=self.actor, institution_id=record.institution_id, month=ServiceMonth.of(record.date)
        )
        return Response(FeedMonthSerializer(detail).data)
