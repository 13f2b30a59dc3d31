"""Leaves (请假): list, record, cancel."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.leaves.serializers import (
    LeavePageSerializer,
    LeaveQuerySerializer,
    LeaveRecordSerializer,
    LeaveSerializer,
)
from backend.api.views import ApiView
from backend.apps.attendance.models import Leave
from backend.apps.attendance.selectors.leaves import leave_list
from backend.apps.attendance.services import leave_cancel, leave_record
from backend.common.masking import mask_name

LISTING = "leaves"


def _row(leave: Leave) -> dict[str, Any]:
    return {
        "id": leave.pk,
        "child": {"id": leave.child_id, "code": leave.child.code, "name": mask_name(leave.child.name)},
        "institution": leave.institution,
        "starts_on": leave.starts_on,
        "ends_on": leave.ends_on,
        "kind": leave.kind,
        "kind_title": leave.get_kind_display(),
        "recorded_by": leave.recorded_by.display_name if leave.recorded_by else "",
        "recorded_at": leave.recorded_at,
        "cancelled_by": leave.cancelled_by.display_name if leave.cancelled_by else "",
        "cancelled_at": leave.cancelled_at,
    }


class LeavesApi(ApiView):
    permission = {"GET": "attendance.view_leave", "POST": "attendance.record_leave"}

    @operation(
        "leave_list",
        tag="leaves",
        summary="请假记录",
        query=LeaveQuerySerializer,
        response=LeavePageSerializer,
        problems=(401, 403),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(LeaveQuerySerializer)
        page = leave_list(
            actor=self.actor,
            month=filters.get("month"),
            institution_id=filters.get("institution"),
            after=self.after(LISTING, filters),
            limit=filters["limit"],
        )
        return self.page(LISTING, page.map(lambda rows: [_row(row) for row in rows]), LeavePageSerializer)

    @operation(
        "leave_record",
        tag="leaves",
        summary="登记请假",
        request=LeaveRecordSerializer,
        response=LeaveSerializer,
        status=201,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        leave = leave_record(**self.body(LeaveRecordSerializer), actor=self.actor)
        return Response(LeaveSerializer(_row(leave)).data, status=status.HTTP_201_CREATED)


class LeaveCancelApi(ApiView):
    permission = "attendance.record_leave"

    @operation(
        "leave_cancel",
        tag="leaves",
        summary="取消请假",
        response=LeaveSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, leave_id: int) -> Response:
        return Response(LeaveSerializer(_row(leave_cancel(leave_id=leave_id, actor=self.actor))).data)
