"""后台作业 for operators: incidents, retry, cancel, and whether anybody is there to work."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.jobs.serializers import (
    JobCancelSerializer,
    JobPageSerializer,
    JobQuerySerializer,
    JobSerializer,
    JobsHealthSerializer,
)
from backend.api.views import ApiView
from workflows.operations import OPERATE, job_cancel, job_retry
from workflows.selectors import job_detail, job_page, jobs_health


class JobListApi(ApiView):
    permission = OPERATE

    @operation(
        "job_list",
        tag="jobs",
        summary="后台作业, 新的在前",
        query=JobQuerySerializer,
        response=JobPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(JobQuerySerializer)
        page = job_page(
            actor=self.actor,
            state=filters.get("state", ""),
            after=self.after("jobs", filters),
            limit=filters["limit"],
        )
        return self.page("jobs", page, JobPageSerializer)


class JobsHealthApi(ApiView):
    permission = OPERATE

    @operation(
        "jobs_health", tag="jobs", summary="有没有卡住: 排队, 心跳, 出错", response=JobsHealthSerializer
    )
    def get(self, request: Request) -> Response:
        return Response(JobsHealthSerializer(jobs_health(actor=self.actor)).data)


class JobRetrieveApi(ApiView):
    permission = OPERATE

    @operation(
        "job_retrieve", tag="jobs", summary="一个后台作业", response=JobSerializer, problems=(401, 403, 404)
    )
    def get(self, request: Request, run_id: int) -> Response:
        return Response(JobSerializer(job_detail(actor=self.actor, run_id=run_id)).data)


class JobRetryApi(ApiView):
    permission = OPERATE

    @operation(
        "job_retry",
        tag="jobs",
        summary="重新运行出错或已取消的作业; 返回接着运行的作业",
        response=JobSerializer,
        problems=(401, 403, 404, 409, 503),
    )
    def post(self, request: Request, run_id: int) -> Response:
        new_id = job_retry(run_id=run_id, actor=self.actor)
        return Response(JobSerializer(job_detail(actor=self.actor, run_id=new_id)).data)


class JobCancelApi(ApiView):
    permission = OPERATE

    @operation(
        "job_cancel",
        tag="jobs",
        summary="取消等待或进行中的作业",
        request=JobCancelSerializer,
        response=JobSerializer,
        problems=(401, 403, 404, 409, 503),
    )
    def post(self, request: Request, run_id: int) -> Response:
        reason = self.body(JobCancelSerializer)["reason"]
        job_cancel(run_id=run_id, actor=self.actor, reason=reason)
        return Response(JobSerializer(job_detail(actor=self.actor, run_id=run_id)).data)
