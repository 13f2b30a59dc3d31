"""Everything below /api/v1/."""

from django.urls import include, path

from backend.api import converters

converters.register()
AREAS = (
    "session",
    "tasks",
    "cycles",
    "duties",
    "waiting",
    "deadlines",
    "jobs",
    "statements",
    "alert_settings",
    "alert_results",
    "alert_checkup",
    "alerts",
    "corrections",
    "leaves",
    "feed",
    "children",
    "photos",
    "reports",
    "messages",
    "institutions",
    "imports",
    "schemes",
    "delegations",
    "batches",
    "late",
    "seals",
)
urlpatterns = [path("", include(f"backend.api.v1.{area}.urls")) for area in AREAS]
