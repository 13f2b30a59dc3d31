"""Regions and institutions within a person's scope."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.institutions.serializers import (
    CountySerializer,
    InstitutionOptionPageSerializer,
    InstitutionQuerySerializer,
)
from backend.api.views import ApiView
from backend.apps.institutions.selectors import counties_in_scope, institution_options
from backend.common.keyset import keyset_page

LISTING = "institutions"


class CountyListApi(ApiView):
    """Counties a person's roles touch, each with the townships they reach; no role, no county."""

    @operation(
        "county_list",
        tag="institutions",
        summary="岗位范围内的县(市、区)和乡镇街道",
        response=CountySerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        return Response(CountySerializer(counties_in_scope(actor=self.actor), many=True).data)


class InstitutionListApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "institution_list",
        tag="institutions",
        summary="岗位范围内的机构, 供选择",
        query=InstitutionQuerySerializer,
        response=InstitutionOptionPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(InstitutionQuerySerializer)
        page = keyset_page(
            institution_options(
                actor=self.actor, county_code=filters.get("county"), name_contains=filters.get("q", "")
            ),
            keys=["id"],
            after=self.after(LISTING, filters),
            limit=filters["limit"],
        )
        return self.page(LISTING, page, InstitutionOptionPageSerializer)
