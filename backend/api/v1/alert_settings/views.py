"""预警设置: thresholds of institutions and parameters of rules, each with its history; set by the bureau only."""

from __future__ import annotations

from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.alert_settings.read import (
    SET_RULES,
    county_of,
    history_detail,
    kind_of,
    plan_detail,
    rules_detail,
)
from backend.api.v1.alert_settings.serializers import (
    AlertRuleSetSerializer,
    AlertRulesSerializer,
    RuleQuerySerializer,
    ThresholdBulkSerializer,
    ThresholdBulkSetSerializer,
    ThresholdHistorySerializer,
    ThresholdPageSerializer,
    ThresholdPlanSerializer,
    ThresholdQuerySerializer,
    ThresholdSetSerializer,
)
from backend.api.views import ApiView
from backend.apps.alerts.selectors.thresholds import READ, threshold_page
from backend.apps.alerts.services.settings import check_may_set, threshold_plan_checked
from backend.apps.subsidy.services.alert_settings import rule_set, threshold_set, thresholds_set

LISTING = "alert-thresholds"


class AlertRulesApi(ApiView):
    permission = {"GET": READ, "POST": SET_RULES}

    @operation(
        "alert_rule_list",
        tag="alerts",
        summary="预警规则与某月有效的参数",
        query=RuleQuerySerializer,
        response=AlertRulesSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(RuleQuerySerializer)
        body = rules_detail(
            actor=self.actor, county_code=filters.get("county", ""), month=filters.get("month")
        )
        return Response(AlertRulesSerializer(body).data)

    @operation(
        "alert_rule_set",
        tag="alerts",
        summary="设置一条规则的参数; 已评定的月份不受影响",
        request=AlertRuleSetSerializer,
        response=AlertRulesSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        data = self.body(AlertRuleSetSerializer)
        rule_set(
            county_code=data["county"],
            rule=data["rule"],
            starts_month=data["starts_month"],
            values=data["values"],
            reason=data["reason"],
            actor=self.actor,
        )
        body = rules_detail(actor=self.actor, county_code=data["county"], month=data["starts_month"])
        return Response(AlertRulesSerializer(body).data)


class ThresholdListApi(ApiView):
    permission = READ

    @operation(
        "alert_threshold_list",
        tag="alerts",
        summary="各机构的预警人数",
        query=ThresholdQuerySerializer,
        response=ThresholdPageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(ThresholdQuerySerializer)
        page = threshold_page(
            actor=self.actor,
            county_code=county_of(self.actor, filters.get("county", "")).code,
            kind=kind_of(filters),
            today=timezone.localdate(),
            name_contains=filters["q"],
            missing=filters["missing"],
            after=self.after(LISTING, filters),
            limit=filters["limit"],
        )
        return self.page(LISTING, page, ThresholdPageSerializer)


class ThresholdApi(ApiView):
    permission = {"GET": READ, "POST": SET_RULES}

    @operation(
        "alert_threshold_history",
        tag="alerts",
        summary="一家机构的预警人数设置记录",
        response=ThresholdHistorySerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, institution_id: int) -> Response:
        body = history_detail(actor=self.actor, institution_id=institution_id)
        return Response(ThresholdHistorySerializer(body).data)

    @operation(
        "alert_threshold_set",
        tag="alerts",
        summary="设置一家机构的预警人数",
        request=ThresholdSetSerializer,
        response=ThresholdHistorySerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, institution_id: int) -> Response:
        threshold_set(institution_id=institution_id, **self.body(ThresholdSetSerializer), actor=self.actor)
        body = history_detail(actor=self.actor, institution_id=institution_id)
        return Response(ThresholdHistorySerializer(body).data)


class ThresholdPreviewApi(ApiView):
    permission = SET_RULES

    @operation(
        "alert_threshold_preview",
        tag="alerts",
        summary="预览一类机构的预警人数会怎样改变; 不保存",
        request=ThresholdBulkSerializer,
        response=ThresholdPlanSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        data = self.body(ThresholdBulkSerializer)
        check_may_set(self.actor, data["county"])
        plan = threshold_plan_checked(
            county_code=data["county"],
            kind=kind_of(data),
            starts_on=data["starts_on"],
            number=data["number"],
            percent=data["percent"],
        )
        return Response(ThresholdPlanSerializer(plan_detail(plan)).data)


class ThresholdBulkApi(ApiView):
    permission = SET_RULES

    @operation(
        "alert_threshold_set_bulk",
        tag="alerts",
        summary="设置一类机构的预警人数; 全部成功或全部不变",
        request=ThresholdBulkSetSerializer,
        response=ThresholdPlanSerializer,
        status=201,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        data = self.body(ThresholdBulkSetSerializer)
        plan = thresholds_set(county_code=data.pop("county"), kind=kind_of(data), actor=self.actor, **data)
        return Response(ThresholdPlanSerializer(plan_detail(plan)).data, status=status.HTTP_201_CREATED)
