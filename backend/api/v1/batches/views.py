"""批量通过: choose with what is shown, put in line, watch, read how each item ended."""

from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import IDEMPOTENCY_KEY, PageQuerySerializer, operation
from backend.api.v1.batches.serializers import (
    ApprovablePageSerializer,
    BatchApproveSerializer,
    BatchItemPageSerializer,
    BatchItemQuerySerializer,
    BatchPageSerializer,
    BatchPreviewRequestSerializer,
    BatchPreviewSerializer,
    BatchSerializer,
)
from backend.api.v1.tasks.views import VIEW
from backend.api.views import ApiView
from workflows.batches import SeenTask, batch_approve
from workflows.selectors.batches import approvables, batch_get, batch_items, batch_page, batch_preview

LISTING = "batches"


class ApprovableListApi(ApiView):
    permission = VIEW

    @operation(
        "approvable_list",
        tag="batches",
        summary="一个月里本人可以批量通过的任务, 连同所见内容的校验值",
        query=PageQuerySerializer,
        response=ApprovablePageSerializer,
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        filters = self.filters(PageQuerySerializer)
        listing = f"approvable:{cycle_id}"
        page = approvables(
            actor=self.actor,
            cycle_id=cycle_id,
            after=self.after(listing, filters),
            limit=filters["limit"],
        )
        return self.page(listing, page, ApprovablePageSerializer)


class BatchesApi(ApiView):
    permission = VIEW

    @operation(
        "batch_list",
        tag="batches",
        summary="本人的批量办理, 新的在前",
        query=PageQuerySerializer,
        response=BatchPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(PageQuerySerializer)
        page = batch_page(actor=self.actor, after=self.after(LISTING, filters), limit=filters["limit"])
        return self.page(LISTING, page, BatchPageSerializer)

    @operation(
        "batch_approve",
        tag="batches",
        summary="批量通过: 后台逐件办理, 每件按所见内容各自核对",
        request=BatchApproveSerializer,
        response=BatchSerializer,
        status=201,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        data = self.body(BatchApproveSerializer)
        made = batch_approve(
            actor=self.actor,
            seen=[SeenTask(row["task_id"], row["content_hash"]) for row in data["items"]],
            idempotency_key=self.idempotency_key,
        )
        assert made.job_id is not None
        batch = batch_get(actor=self.actor, batch_id=made.job_id)
        return Response(BatchSerializer(batch).data, status=status.HTTP_201_CREATED)


class BatchPreviewApi(ApiView):
    permission = VIEW

    @operation(
        "batch_preview",
        tag="batches",
        summary="提交前核对: 所选任务的份数与金额合计",
        request=BatchPreviewRequestSerializer,
        response=BatchPreviewSerializer,
        problems=(401, 403, 404),
    )
    def post(self, request: Request) -> Response:
        """POST, because a choice of hundreds does not fit an address; nothing is written."""
        data = self.body(BatchPreviewRequestSerializer)
        found = batch_preview(actor=self.actor, task_ids=data["task_ids"])
        return Response(BatchPreviewSerializer(found).data)


class BatchRetrieveApi(ApiView):
    permission = VIEW

    @operation(
        "batch_retrieve",
        tag="batches",
        summary="一次批量办理: 进度与件数",
        response=BatchSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, batch_id: int) -> Response:
        return Response(BatchSerializer(batch_get(actor=self.actor, batch_id=batch_id)).data)


class BatchItemListApi(ApiView):
    permission = VIEW

    @operation(
        "batch_item_list",
        tag="batches",
        summary="每件的结果, 未办成的写明原因",
        query=BatchItemQuerySerializer,
        response=BatchItemPageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, batch_id: int) -> Response:
        filters = self.filters(BatchItemQuerySerializer)
        batch_get(actor=self.actor, batch_id=batch_id)
        listing = f"batch-items:{batch_id}:{filters.get('state', '')}"
        page = batch_items(
            actor=self.actor,
            batch_id=batch_id,
            state=filters.get("state", ""),
            after=self.after(listing, filters),
            limit=filters["limit"],
        )
        return self.page(listing, page, BatchItemPageSerializer)
