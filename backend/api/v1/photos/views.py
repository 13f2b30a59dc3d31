"""Gate photos, streamed only to those whose scope holds the punch."""

from __future__ import annotations

from django.http import FileResponse
from rest_framework.request import Request

from backend.api.files import open_media
from backend.api.schema import binary, operation
from backend.api.v1.photos.serializers import PhotoQuerySerializer
from backend.api.views import ApiView
from backend.apps.attendance.selectors.drilldown import photo_get


class PhotoRetrieveApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "photo_retrieve",
        tag="photos",
        summary="打卡照片",
        query=PhotoQuerySerializer,
        response=binary("image/jpeg", "照片"),
        problems=(401, 403, 404),
    )
    def get(self, request: Request, photo_id: int) -> FileResponse:
        photo = photo_get(
            actor=self.actor,
            photo_id=photo_id,
            punch_id=self.filters(PhotoQuerySerializer)["punch"],
            permission="subsidy.view_statement",
        )
        return open_media(photo.path, inline=True)
