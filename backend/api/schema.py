"""How operations describe themselves: stable operation ids, typed answers, declared problems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

PROBLEM_TYPE = "application/problem+json"


class FieldErrorSerializer(serializers.Serializer):
    field = serializers.CharField(help_text="字段路径, 例如 required_days.overrides.0.reason; 整体错误为空串")
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """RFC 9457 problem: `code` is for programs, `detail` is a Chinese sentence for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # DRF takes fields out of the class; only the name meets its attribute
    details = serializers.DictField(child=serializers.JSONField(), required=False)
    incident = serializers.CharField(required=False)


_PROBLEMS = {
    400: "输入有误",
    401: "未登录或登录已过期",
    403: "无权限, 或缺少 CSRF 令牌",
    404: "不存在, 或不在权限范围内",
    409: "状态已变化, 请刷新后再看",
    429: "尝试过于频繁",
    503: "暂时繁忙, 稍后重试",
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="同一键的重复提交只生效一次",
)


F = TypeVar("F", bound=Callable[..., Any])


def operation(
    operation_id: str,
    *,
    tag: str,
    summary: str,
    response: Any = None,
    status: int = 200,
    request: Any = None,
    query: type[serializers.Serializer] | None = None,
    headers: Sequence[OpenApiParameter] = (),
    problems: Sequence[int] = (401, 403),
) -> Callable[[F], F]:
    """Describe one operation. `response` is a serializer class, an `OpenApiResponse`, or None for 204."""
    extra: set[int] = set(problems)
    if request is not None or query is not None:
        extra.add(400)
    answers: dict[Any, Any] = {
        (code, PROBLEM_TYPE): OpenApiResponse(ProblemSerializer, description=_PROBLEMS[code])
        for code in sorted(extra)
    }
    if response is None:
        answers[204] = OpenApiResponse(description="完成")
    elif isinstance(response, dict):
        answers |= response
    else:
        answers[status] = response
    return extend_schema(
        operation_id=operation_id,
        tags=[tag],
        summary=summary,
        request=request,
        responses=answers,
        parameters=[*([query] if query else []), *headers],
    )


def binary(media_type: str, description: str) -> dict[tuple[int, str], OpenApiResponse]:
    """A file answer."""
    return {(200, media_type): OpenApiResponse(OpenApiTypes.BINARY, description=description)}


_PAGES: dict[str, type[serializers.Serializer]] = {}


def page_of(row: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """`{"results": [row], "next": cursor | null}` as a named component."""
    name = row.__name__.removesuffix("Serializer") + "PageSerializer"
    if name not in _PAGES:
        _PAGES[name] = type(
            name,
            (serializers.Serializer,),
            {
                "results": row(many=True),
                "next": serializers.CharField(allow_null=True, help_text="下一页游标; 没有更多为 null"),
                "__doc__": "One key-set page.",
            },
        )
    return _PAGES[name]


class PageQuerySerializer(serializers.Serializer):
    """Filters common to every list."""

    cursor = serializers.CharField(required=False, max_length=300, help_text="上一页返回的 next")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100, default=20)
