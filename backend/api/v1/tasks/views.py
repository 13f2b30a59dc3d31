"""Tasks: five boxes, one task, and the acts. Every act goes through `workflows.services.perform`."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.authentication import plain_request
from backend.api.enums import TaskDecision, TaskOrder
from backend.api.schema import IDEMPOTENCY_KEY, operation
from backend.api.v1.session.identity import identity_of
from backend.api.v1.tasks.payload import action_payload
from backend.api.v1.tasks.read import task_after, task_counts, task_detail, task_page
from backend.api.v1.tasks.serializers import (
    TaskCompleteSerializer,
    TaskCountsSerializer,
    TaskDetailSerializer,
    TaskPageSerializer,
    TaskQuerySerializer,
    TaskReadingSerializer,
)
from backend.api.views import ApiView
from workflows.readings import ItemSeen, reading_report
from workflows.selectors import TaskFilters, cycle_of_task
from workflows.services import ActionPayload, perform_at

VIEW = "subsidy.view_statement"  # tasks tell of institutions and amounts; the administrators (三员) have no part in them


class TaskListApi(ApiView):
    permission = VIEW

    @operation(
        "task_list",
        tag="tasks",
        summary="任务列表: 待办, 待认领, 已办, 待发表意见, 抄送我的",
        query=TaskQuerySerializer,
        response=TaskPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(TaskQuerySerializer)
        listing = f"tasks:{filters['box']}:{filters['order']}"
        page = task_page(
            actor=self.actor,
            box=filters["box"],
            filters=TaskFilters(
                cycle_id=filters.get("cycle"),
                due=filters.get("due", ""),
                by_due=filters["order"] == TaskOrder.DUE,
            ),
            after=self.after(listing, filters),
            limit=filters["limit"],
        )
        return self.page(listing, page, TaskPageSerializer)


class TaskCountsApi(ApiView):
    permission = VIEW

    @operation(
        "task_counts",
        tag="tasks",
        summary="待办, 待认领, 待发表意见, 未读抄送的件数",
        response=TaskCountsSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(TaskCountsSerializer(task_counts(actor=self.actor)).data)


class TaskRetrieveApi(ApiView):
    permission = VIEW

    @operation(
        "task_retrieve",
        tag="tasks",
        summary="一个任务: 可办事项与原因, 办理经过",
        response=TaskDetailSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, task_id: int) -> Response:
        return Response(TaskDetailSerializer(task_detail(actor=self.actor, task_id=task_id)).data)


class TaskReadingApi(ApiView):
    """Light and silent: what somebody may not see, or has decided already, is left out without a word."""

    permission = VIEW

    @operation(
        "task_reading",
        tag="tasks",
        summary="上报页面浏览情况 (看没看)",
        request=TaskReadingSerializer,
        response=None,
        problems=(401, 403, 404),
    )
    def post(self, request: Request, task_id: int) -> Response:
        data = self.body(TaskReadingSerializer)
        items = [ItemSeen(item["kind"], item["id"], item["seconds"], item["day"]) for item in data["items"]]
        reading_report(actor=self.actor, task_id=task_id, seconds=data["seconds"], items=items)
        return Response(status=204)


class TaskActApi(ApiView):
    """Shared by the three acts: perform, then show the task as it now is."""

    permission = VIEW

    def act(self, task_id: int, action: str, payload: ActionPayload) -> Response:
        done = perform_at(task_id=task_id, actor=self.actor, action=action, payload=payload)
        return Response(TaskDetailSerializer(task_after(done, actor=self.actor, task_id=task_id)).data)


class TaskClaimApi(TaskActApi):
    @operation(
        "task_claim",
        tag="tasks",
        summary="认领",
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409, 503),
    )
    def post(self, request: Request, task_id: int) -> Response:
        return self.act(task_id, "claim", action_payload(self.idempotency_key))


class TaskReleaseApi(TaskActApi):
    @operation(
        "task_release",
        tag="tasks",
        summary="退回待认领",
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409, 503),
    )
    def post(self, request: Request, task_id: int) -> Response:
        return self.act(task_id, "release", action_payload(self.idempotency_key))


class TaskCompleteApi(TaskActApi):
    @operation(
        "task_complete",
        tag="tasks",
        summary="办理: 通过, 退回, 不纳入, 重新提交, 确定天数, 评定",
        request=TaskCompleteSerializer,
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409, 503),
    )
    def post(self, request: Request, task_id: int) -> Response:
        data: dict[str, Any] = self.body(TaskCompleteSerializer)
        proof = None
        if data["decision"] == TaskDecision.EVALUATED:
            proof = identity_of(plain_request(request), self.actor, cycle_of_task(task_id))
        return self.act(task_id, "complete", action_payload(self.idempotency_key, data, identity=proof))
