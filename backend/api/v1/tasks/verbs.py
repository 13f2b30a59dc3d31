"""The acts beside the decision: 转办, 加签, 抄送, 催办, 撤回. Each is `perform`, and shows the task as it then is."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import IDEMPOTENCY_KEY, operation
from backend.api.v1.tasks.read import colleague_page
from backend.api.v1.tasks.serializers import TaskDetailSerializer
from backend.api.v1.tasks.verb_serializers import (
    ColleaguePageSerializer,
    ColleagueQuerySerializer,
    TaskConsultCancelSerializer,
    TaskConsultSerializer,
    TaskCopySerializer,
    TaskOpinionSerializer,
    TaskReassignSerializer,
    TaskWithdrawSerializer,
)
from backend.api.v1.tasks.views import VIEW, TaskActApi
from backend.api.views import ApiView
from workflows.services import ActionPayload

PROBLEMS = (401, 403, 404, 409, 503)


class TaskColleagueListApi(ApiView):
    permission = VIEW

    @operation(
        "task_colleague_list",
        tag="tasks",
        summary="可以转办、加签、抄送的同事, 不能选的说明原因",
        query=ColleagueQuerySerializer,
        response=ColleaguePageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, task_id: int) -> Response:
        filters = self.filters(ColleagueQuerySerializer)
        listing = f"colleagues:{task_id}:{filters['purpose']}"
        page = colleague_page(
            actor=self.actor, task_id=task_id, filters=filters, after=self.after(listing, filters)
        )
        return self.page(listing, page, ColleaguePageSerializer)


class TaskReassignApi(TaskActApi):
    @operation(
        "task_reassign",
        tag="tasks",
        summary="转办给同事",
        request=TaskReassignSerializer,
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=PROBLEMS,
    )
    def post(self, request: Request, task_id: int) -> Response:
        data = self.body(TaskReassignSerializer)
        return self.act(
            task_id,
            "reassign",
            ActionPayload(
                comment=data["comment"],
                person_ids=(data["person_id"],),
                idempotency_key=self.idempotency_key,
            ),
        )


class TaskConsultApi(TaskActApi):
    @operation(
        "task_consult",
        tag="tasks",
        summary="加签: 征求同事意见, 答复前不能办理",
        request=TaskConsultSerializer,
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=PROBLEMS,
    )
    def post(self, request: Request, task_id: int) -> Response:
        data = self.body(TaskConsultSerializer)
        return self.act(
            task_id,
            "consult",
            ActionPayload(
                comment=data["comment"],
                person_ids=tuple(data["person_ids"]),
                idempotency_key=self.idempotency_key,
            ),
        )


class TaskConsultCancelApi(TaskActApi):
    @operation(
        "task_consult_cancel",
        tag="tasks",
        summary="撤回加签",
        request=TaskConsultCancelSerializer,
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=PROBLEMS,
    )
    def post(self, request: Request, task_id: int) -> Response:
        data = self.body(TaskConsultCancelSerializer)
        return self.act(
            task_id,
            "consult_cancel",
            ActionPayload(person_ids=tuple(data["person_ids"]), idempotency_key=self.idempotency_key),
        )


class TaskOpinionApi(TaskActApi):
    @operation(
        "task_opinion",
        tag="tasks",
        summary="答复加签意见",
        request=TaskOpinionSerializer,
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=PROBLEMS,
    )
    def post(self, request: Request, task_id: int) -> Response:
        data = self.body(TaskOpinionSerializer)
        return self.act(
            task_id,
            "opinion",
            ActionPayload(comment=data["comment"], idempotency_key=self.idempotency_key),
        )


class TaskCopyApi(TaskActApi):
    @operation(
        "task_copy",
        tag="tasks",
        summary="抄送同事",
        request=TaskCopySerializer,
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=PROBLEMS,
    )
    def post(self, request: Request, task_id: int) -> Response:
        data = self.body(TaskCopySerializer)
        return self.act(
            task_id,
            "copy",
            ActionPayload(
                comment=data["comment"],
                person_ids=tuple(data["person_ids"]),
                idempotency_key=self.idempotency_key,
            ),
        )


class TaskReadApi(TaskActApi):
    @operation(
        "task_read",
        tag="tasks",
        summary="已阅抄送",
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=PROBLEMS,
    )
    def post(self, request: Request, task_id: int) -> Response:
        return self.act(task_id, "read", ActionPayload(idempotency_key=self.idempotency_key))


class TaskRemindApi(TaskActApi):
    @operation(
        "task_remind",
        tag="tasks",
        summary="催办",
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=(*PROBLEMS, 429),
    )
    def post(self, request: Request, task_id: int) -> Response:
        return self.act(task_id, "remind", ActionPayload(idempotency_key=self.idempotency_key))


class TaskWithdrawApi(TaskActApi):
    @operation(
        "task_withdraw",
        tag="tasks",
        summary="撤回本人的办理意见",
        request=TaskWithdrawSerializer,
        response=TaskDetailSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=PROBLEMS,
    )
    def post(self, request: Request, task_id: int) -> Response:
        data = self.body(TaskWithdrawSerializer)
        return self.act(
            task_id,
            "withdraw",
            ActionPayload(comment=data["comment"], idempotency_key=self.idempotency_key),
        )
