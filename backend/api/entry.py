"""The two front-end entries. Everything behind them is hash-routed, so the server knows only these addresses."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

CSP = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self'",  # Element Plus and Vant position by script, which this allows; no style attributes
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_NOT_BUILT = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>智剡托育</title>'
    "<h1>前端尚未构建</h1><p>请在项目目录运行 <code>make run</code>, "
    "或在 <code>frontend/</code> 里运行 <code>npm ci &amp;&amp; npm run build</code>, 然后刷新本页。</p></html>"
)


@never_cache
@require_safe
@ensure_csrf_cookie
def console(request: HttpRequest) -> HttpResponse:
    return _entry("pc.html")


@never_cache
@require_safe
@ensure_csrf_cookie
def phone(request: HttpRequest) -> HttpResponse:
    return _entry("m.html")


def _entry(name: str) -> HttpResponse:
    page = settings.FRONTEND_DIST / name
    built = page.is_file()
    response = HttpResponse(page.read_bytes() if built else _NOT_BUILT, status=200 if built else 503)
    response.headers["Content-Security-Policy"] = CSP
    return response
