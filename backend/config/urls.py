"""URL map: the API, the health page and the front-end entries."""

from django.urls import include, path

from backend.api.entry import console, phone
from backend.api.health import healthz

urlpatterns = [
    path("", console),
    path("m/", phone),
    path("healthz", healthz),
    path("api/v1/", include("backend.api.v1.urls")),
]
handler400 = "backend.api.errors.bad_request"
handler403 = "backend.api.errors.permission_denied"
handler404 = "backend.api.errors.page_not_found"
handler500 = "backend.api.errors.server_error"
