"""One problem body (RFC 9457) for every refusal, wherever it arises: views, DRF, Django, or a bug.

A bug shows an incident number and nothing else. The log keeps class names and code positions, never the
exception's text: database errors quote row values, and those may be personal data.
"""

from __future__ import annotations

import logging
import secrets
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import (
    ValidationError as ModelValidationError,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from backend.common.errors import DomainError

log = logging.getLogger("zhishan.api")

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "输入有误",
    401: "未登录",
    403: "无权限",
    404: "未找到",
    405: "方法不支持",
    406: "格式不支持",
    409: "状态已变化",
    413: "内容过大",
    415: "格式不支持",
    429: "尝试过于频繁",
    500: "系统内部错误",
    503: "暂时繁忙",
}
_NOT_FOUND = "没有这条记录, 或不在您的权限范围内"
# Our own words where the framework's repeat what was sent (it may be somebody's name) or name a Python type.
_FIELD_MESSAGES = {
    "required": "必填",
    "null": "不能为空",
    "blank": "不能为空",
    "invalid_choice": "不在可选范围内",
    "not_a_list": "应为列表",
    "not_a_dict": "应为对象",
    "null_characters_not_allowed": "含有不允许的字符",
    "surrogate_characters_not_allowed": "含有不允许的字符",
}
_BUSY_STATES = frozenset({"40001", "40P01", "55P03"})  # serialisation, deadlock, lock timeout
_GONE_STATES = frozenset({"57P01", "57P02", "57P03"})  # shut down, crashed, still starting


def problem(
    http_status: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    details: Mapping[str, Any] | None = None,
    incident: str = "",
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:zhishan:problem:{code}",
        "title": TITLES.get(http_status, "请求未能完成"),
        "status": http_status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    if details:
        body["details"] = dict(details)
    if incident:
        body["incident"] = incident
    return body


def problem_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's `EXCEPTION_HANDLER`: every exception leaves a view through here."""
    set_rollback()
    body, headers = _describe(exc, context)
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


def _describe(exc: Exception, context: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    if isinstance(exc, DomainError):
        details = {key: value for key, value in exc.details.items() if key not in ("errors", "retry_after")}
        body = problem(exc.status, exc.code, exc.message, errors=exc.details.get("errors"), details=details)
        retry = exc.details.get("retry_after", 1 if exc.status == 503 else None)
        return body, {} if retry is None else {"Retry-After": str(retry)}
    if isinstance(exc, exceptions.ValidationError):
        return _invalid(list(_flatten(exc.detail))), {}
    if isinstance(exc, ModelValidationError):
        return _invalid(list(_model_errors(exc))), {}
    if isinstance(exc, exceptions.APIException):
        return _framework_problem(exc)
    if isinstance(exc, Http404):
        return problem(404, "not_found", _NOT_FOUND), {}
    if isinstance(exc, PermissionDenied):
        return problem(403, "permission_denied", "您没有进行这项操作的权限"), {}
    if isinstance(exc, RequestDataTooBig):
        return problem(413, "too_large", "提交的内容过大"), {}
    if isinstance(exc, SuspiciousOperation):
        return problem(400, "bad_request", "请求不正确"), {}
    passing = database_trouble(exc)
    if passing is not None:
        return passing, {"Retry-After": "1"}
    return incident_problem(exc, where=type(context.get("view")).__name__), {}


def _framework_problem(exc: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return problem(401, "not_authenticated", "您还没有登录, 或登录已过期"), {
            "WWW-Authenticate": "Session"
        }
    if isinstance(exc, exceptions.PermissionDenied):
        return problem(403, "permission_denied", "您没有进行这项操作的权限"), {}
    if isinstance(exc, exceptions.NotFound):
        return problem(404, "not_found", _NOT_FOUND), {}
    if isinstance(exc, exceptions.ParseError):
        return problem(400, "malformed_json", "请求内容不是正确的 JSON"), {}
    if isinstance(exc, exceptions.MethodNotAllowed):
        return problem(405, "method_not_allowed", "这个地址不支持该方法"), {}
    if isinstance(exc, exceptions.UnsupportedMediaType):
        return problem(415, "unsupported_media_type", "请以 application/json 提交"), {}
    return problem(exc.status_code, "request_refused", "请求未能完成"), {}


def _invalid(errors: list[dict[str, str]]) -> dict[str, Any]:
    detail = f"输入有误: {errors[0]['message']}" if len(errors) == 1 else f"有 {len(errors)} 处输入有误"
    return problem(400, "invalid_input", detail, errors=errors)


def _flatten(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested lists and mappings as `{field, message}` rows."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            part = "" if key == "non_field_errors" else str(key)
            yield from _flatten(value, ".".join(p for p in (path, part) if p))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, Mapping)
            if not nested or value:
                yield from _flatten(value, f"{path}.{index}" if nested else path)
    else:
        message = _FIELD_MESSAGES.get(getattr(detail, "code", ""), str(detail))
        yield {"field": path, "message": message}


def _model_errors(exc: ModelValidationError) -> Iterator[dict[str, str]]:
    if hasattr(exc, "error_dict"):
        for field, messages in exc.message_dict.items():
            for message in messages:
                yield {"field": "" if field == "__all__" else field, "message": message}
    else:
        for message in exc.messages:
            yield {"field": "", "message": message}


def database_trouble(exc: BaseException | None) -> dict[str, Any] | None:
    """The 503 for what passes by itself: a lock held too long, a database that is restarting or gone."""
    if not isinstance(exc, OperationalError | InterfaceError):
        return None
    cause = exc.__cause__
    state = getattr(cause, "sqlstate", None) or ""
    if state in _BUSY_STATES or "database is locked" in str(cause):
        return problem(503, "busy", "系统繁忙, 请稍后重试")
    lost = isinstance(exc, InterfaceError) or (
        not state
        and type(cause).__module__.startswith("psycopg")  # the connection broke: nobody sent a state
    )
    if lost or state in _GONE_STATES or state.startswith("08"):
        log.error("database unavailable: %s %s", type(exc).__name__, state)
        return problem(503, "database_unavailable", "数据库暂时连接不上, 请稍后重试; 同一操作不会重复生效")
    return None


def incident_problem(exc: BaseException, *, where: str) -> dict[str, Any]:
    """500 with a number that leads to the log entry."""
    incident = secrets.token_hex(6)
    frames = traceback.extract_tb(exc.__traceback__)[-12:]
    log.error(
        "incident %s in %s: %s at %s",
        incident,
        where,
        type(exc).__name__,
        " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames)),
    )
    return problem(
        status.HTTP_500_INTERNAL_SERVER_ERROR,
        "internal_error",
        f"系统内部错误, 请把编号 {incident} 告诉管理员",
        incident=incident,
    )


def problem_response(body: dict[str, Any]) -> JsonResponse:
    """Outside DRF: Django's own handlers and middleware."""
    return JsonResponse(
        body,
        status=body["status"],
        content_type=MEDIA_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )


def _page(http_status: int, sentence: str) -> HttpResponse:
    return HttpResponse(
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{TITLES[http_status]}</title>'
        f"<h1>{TITLES[http_status]}</h1><p>{sentence}</p>",
        status=http_status,
    )


def _answer(request: HttpRequest, http_status: int, code: str, sentence: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_response(problem(http_status, code, sentence))
    return _page(http_status, sentence)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, 413, "too_large", "提交的内容过大")
    return _answer(request, 400, "bad_request", "请求不正确")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, "permission_denied", "您没有进行这项操作的权限")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, 403, "csrf_failed", "页面已过期或请求来源不明, 请刷新后重试")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, "not_found", "没有这个地址")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while the exception is being handled."""
    exc = sys.exc_info()[1]
    body = database_trouble(exc)
    if body is None and exc is not None:
        where = request.resolver_match.view_name if request.resolver_match else "middleware"
        body = incident_problem(exc, where=where)
    body = body or problem(500, "internal_error", "系统内部错误")
    response = (
        problem_response(body) if request.path.startswith("/api/") else _page(body["status"], body["detail"])
    )
    if response.status_code == 503:
        response["Retry-After"] = "1"
    return response
