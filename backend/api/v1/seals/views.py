"""封存核验: what was sealed, whether it still stands, and everything somebody needs to check it without us."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.files import attachment
from backend.api.schema import PageQuerySerializer, binary, operation
from backend.api.v1.seals.serializers import (
    SealDetailSerializer,
    SealIncidentPageSerializer,
    SealIncidentQuerySerializer,
    SealPageSerializer,
)
from backend.api.views import ApiView
from backend.apps.seals.selectors.kept import VIEW_SEAL, incident_page, seal_detail, seal_get, seal_page
from backend.apps.seals.services import seal_check_now, seal_package_take
from backend.common.errors import NotFound

VERIFIERS = {"verify.html": "text/html; charset=utf-8", "zhishan_verify.py": "text/x-python; charset=utf-8"}


class SealListApi(ApiView):
    permission = VIEW_SEAL

    @operation(
        "seal_list",
        tag="seals",
        summary="封存的各月, 新的在前: 简码, 备份, 最近一次核验",
        query=PageQuerySerializer,
        response=SealPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(PageQuerySerializer)
        page = seal_page(actor=self.actor, after=self.after("seals", filters), limit=filters["limit"])
        return self.page("seals", page, SealPageSerializer)


class SealRetrieveApi(ApiView):
    permission = VIEW_SEAL

    @operation(
        "seal_retrieve",
        tag="seals",
        summary="一个月的封存: 月根, 签名, 年度日志, 备份",
        response=SealDetailSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, seal_id: int) -> Response:
        return Response(SealDetailSerializer(seal_detail(actor=self.actor, seal_id=seal_id)).data)


class SealCheckApi(ApiView):
    permission = VIEW_SEAL

    @operation(
        "seal_check",
        tag="seals",
        summary="立即核验一个月: 逐行与封存包比对",
        response=SealDetailSerializer,
        problems=(401, 403, 404, 503),
    )
    def post(self, request: Request, seal_id: int) -> Response:
        seal_check_now(actor=self.actor, seal=seal_get(actor=self.actor, seal_id=seal_id))
        return Response(SealDetailSerializer(seal_detail(actor=self.actor, seal_id=seal_id)).data)


class SealPackageApi(ApiView):
    permission = VIEW_SEAL

    @operation(
        "seal_package",
        tag="seals",
        summary="下载一个月的封存包, 供离线核验; 个人信息在其中只有承诺值和密文",
        response=binary("application/zip", "封存包"),
        problems=(401, 403, 404),
    )
    def get(self, request: Request, seal_id: int) -> HttpResponse:
        seal = seal_get(actor=self.actor, seal_id=seal_id)
        data = seal_package_take(actor=self.actor, seal=seal)
        return attachment(data, f"封存包_{seal.county_code}_{seal.month}.zip", "application/zip")


class SealIncidentListApi(ApiView):
    permission = VIEW_SEAL

    @operation(
        "seal_incident_list",
        tag="seals",
        summary="封存异常, 新的在前: 表, 行, 字段, 原值, 现值",
        query=SealIncidentQuerySerializer,
        response=SealIncidentPageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(SealIncidentQuerySerializer)
        wanted: dict[str, Any] = {"seal_id": filters.get("seal"), "closed": filters["closed"]}
        listing = f"seal_incidents:{wanted['seal_id']}:{wanted['closed']}"
        page = incident_page(
            actor=self.actor, after=self.after(listing, filters), limit=filters["limit"], **wanted
        )
        return self.page(listing, page, SealIncidentPageSerializer)


class VerifierApi(ApiView):
    """For everybody signed in: it holds no data."""

    @operation(
        "seal_verifier",
        tag="seals",
        summary="下载离线核验工具: verify.html 或 zhishan_verify.py",
        response=binary("application/octet-stream", "一个文件, 不需要本系统"),
        problems=(401, 404),
    )
    def get(self, request: Request, name: str) -> HttpResponse:
        if name not in VERIFIERS:
            raise NotFound("file_not_found", "没有这个核验工具")
        content = (settings.VERIFIER_DIR / name).read_bytes()
        return attachment(content, name, VERIFIERS[name])
