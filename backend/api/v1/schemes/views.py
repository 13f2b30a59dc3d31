"""Subsidy schemes: list, one with its standards and life, draft, edit, release."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.schemes.fields import naming_body_fields
from backend.api.v1.schemes.read import scheme_detail, scheme_page
from backend.api.v1.schemes.serializers import (
    SchemeCreateSerializer,
    SchemeDetailSerializer,
    SchemeEditSerializer,
    SchemePageSerializer,
    SchemeQuerySerializer,
    SchemeReleaseSerializer,
)
from backend.api.views import ApiView
from backend.apps.accounts.models import User
from backend.apps.subsidy.services import (
    RateInput,
    SchemeInput,
    scheme_draft_copy,
    scheme_draft_create,
    scheme_draft_edit,
    scheme_release,
)

LISTING = "schemes"


def _content(data: dict[str, Any]) -> SchemeInput:
    return SchemeInput(
        name=data["name"],
        document_number=data["document_number"],
        starts_on=data["starts_on"],
        definition=data["definition"],
        rates=[RateInput(**rate) for rate in data["rates"]],
    )


def _answer(actor: User, scheme_id: int, *, created: bool = False) -> Response:
    detail = scheme_detail(actor=actor, scheme_id=scheme_id)
    return Response(
        SchemeDetailSerializer(detail).data,
        status=status.HTTP_201_CREATED if created else status.HTTP_200_OK,
    )


class SchemesApi(ApiView):
    permission = {"GET": "subsidy.view_scheme", "POST": "subsidy.edit_scheme"}

    @operation(
        "scheme_list",
        tag="schemes",
        summary="本县补助方案, 起始日期晚的在前",
        query=SchemeQuerySerializer,
        response=SchemePageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(SchemeQuerySerializer)
        page = scheme_page(actor=self.actor, filters=filters, after=self.after(LISTING, filters))
        return self.page(LISTING, page, SchemePageSerializer)

    @operation(
        "scheme_create",
        tag="schemes",
        summary="起草补助方案",
        request=SchemeCreateSerializer,
        response=SchemeDetailSerializer,
        status=201,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        data = self.body(SchemeCreateSerializer)
        with naming_body_fields():
            scheme = scheme_draft_create(
                county_code=data["county"].ljust(12, "0"),
                code=data["code"],
                content=_content(data),
                actor=self.actor,
            )
        return _answer(self.actor, scheme.pk, created=True)


class SchemeApi(ApiView):
    permission = {"GET": "subsidy.view_scheme", "PUT": "subsidy.edit_scheme"}

    @operation(
        "scheme_retrieve",
        tag="schemes",
        summary="一个补助方案: 规则, 标准, 经过",
        response=SchemeDetailSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, scheme_id: int) -> Response:
        return _answer(self.actor, scheme_id)

    @operation(
        "scheme_update",
        tag="schemes",
        summary="修改草稿; 已发布的不能修改",
        request=SchemeEditSerializer,
        response=SchemeDetailSerializer,
        problems=(401, 403, 404, 409),
    )
    def put(self, request: Request, scheme_id: int) -> Response:
        data = self.body(SchemeEditSerializer)
        with naming_body_fields():
            scheme_draft_edit(
                scheme_id=scheme_id,
                content_hash=data["content_hash"],
                content=_content(data),
                actor=self.actor,
            )
        return _answer(self.actor, scheme_id)


class SchemeCopyApi(ApiView):
    permission = "subsidy.edit_scheme"

    @operation(
        "scheme_copy",
        tag="schemes",
        summary="复制为下一版本的草稿",
        response=SchemeDetailSerializer,
        status=201,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, scheme_id: int) -> Response:
        with naming_body_fields():
            scheme = scheme_draft_copy(scheme_id=scheme_id, actor=self.actor)
        return _answer(self.actor, scheme.pk, created=True)


class SchemeReleaseApi(ApiView):
    permission = "subsidy.release_scheme"

    @operation(
        "scheme_release",
        tag="schemes",
        summary="发布核对过的内容; 须由没有起草或修改过的人办理",
        request=SchemeReleaseSerializer,
        response=SchemeDetailSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, scheme_id: int) -> Response:
        data = self.body(SchemeReleaseSerializer)
        scheme_release(scheme_id=scheme_id, content_hash=data["content_hash"], actor=self.actor)
        return _answer(self.actor, scheme_id)
