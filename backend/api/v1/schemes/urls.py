from django.urls import path

from backend.api.v1.schemes import trials, views

urlpatterns = [
    path("schemes", views.SchemesApi.as_view()),
    path("schemes/<id:scheme_id>", views.SchemeApi.as_view()),
    path("schemes/<id:scheme_id>/copy", views.SchemeCopyApi.as_view()),
    path("schemes/<id:scheme_id>/check", trials.SchemeCheckApi.as_view()),
    path("schemes/<id:scheme_id>/replay", trials.SchemeReplayApi.as_view()),
    path("scenario-checks", trials.ScenarioChecksApi.as_view()),
    path("schemes/<id:scheme_id>/release", views.SchemeReleaseApi.as_view()),
]
