from django.urls import path

from backend.api.v1.alert_checkup import views

urlpatterns = [
    path("alerts/checkup", views.AlertCheckupApi.as_view()),
    path("alerts/replays", views.AlertReplaysApi.as_view()),
    path("alerts/replays/<id:replay_id>", views.AlertReplayApi.as_view()),
]
