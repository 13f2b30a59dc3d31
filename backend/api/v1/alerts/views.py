"""Alerts: list, one with its evidence, settle."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.alerts.read import alert_detail, alert_page
from backend.api.v1.alerts.serializers import (
    AlertDetailSerializer,
    AlertDismissedSerializer,
    AlertDismissSerializer,
    AlertOverrideSerializer,
    AlertPageSerializer,
    AlertQuerySerializer,
    AlertSettleSerializer,
)
from backend.api.views import ApiView
from workflows.beside import alert_override, alert_settle, alerts_dismiss

LISTING = "alerts"


class AlertListApi(ApiView):
    permission = "alerts.view_alert"

    @operation(
        "alert_list",
        tag="alerts",
        summary="预警列表",
        query=AlertQuerySerializer,
        response=AlertPageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(AlertQuerySerializer)
        page = alert_page(actor=self.actor, filters=filters, after=self.after(LISTING, filters))
        return self.page(LISTING, page, AlertPageSerializer)


class AlertRetrieveApi(ApiView):
    permission = "alerts.view_alert"

    @operation(
        "alert_retrieve",
        tag="alerts",
        summary="一条预警与依据",
        response=AlertDetailSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, alert_id: int) -> Response:
        return Response(AlertDetailSerializer(alert_detail(actor=self.actor, alert_id=alert_id)).data)


class AlertSettleApi(ApiView):
    permission = "alerts.settle_alert"

    @operation(
        "alert_settle",
        tag="alerts",
        summary="处置预警",
        request=AlertSettleSerializer,
        response=AlertDetailSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, alert_id: int) -> Response:
        data = self.body(AlertSettleSerializer)
        alert_settle(
            alert_id=alert_id,
            outcome=data["outcome"],
            reason=data["reason"],
            actor=self.actor,
            evidence_hash=data["evidence_hash"] or None,
            seconds=data["seconds"],
        )
        return Response(AlertDetailSerializer(alert_detail(actor=self.actor, alert_id=alert_id)).data)


class AlertOverrideApi(ApiView):
    permission = "alerts.override_alert"

    @operation(
        "alert_override",
        tag="alerts",
        summary="放行预警",
        request=AlertOverrideSerializer,
        response=AlertDetailSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, alert_id: int) -> Response:
        data = self.body(AlertOverrideSerializer)
        alert_override(
            alert_id=alert_id,
            reason=data["reason"],
            actor=self.actor,
            evidence_hash=data["evidence_hash"] or None,
        )
        return Response(AlertDetailSerializer(alert_detail(actor=self.actor, alert_id=alert_id)).data)


class AlertDismissApi(ApiView):
    permission = "alerts.settle_alert"

    @operation(
        "alert_dismiss_batch",
        tag="alerts",
        summary="批量排除同一规则的预警",
        request=AlertDismissSerializer,
        response=AlertDismissedSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        dismissed = alerts_dismiss(**self.body(AlertDismissSerializer), actor=self.actor)
        return Response(AlertDismissedSerializer({"dismissed": dismissed}).data)
