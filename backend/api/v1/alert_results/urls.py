from django.urls import path

from backend.api.v1.alert_results import views

urlpatterns = [
    path("alerts/counts", views.AlertCountsApi.as_view()),
    path("alerts/results/headcount", views.HeadcountResultsApi.as_view()),
    path("alerts/results/several-institutions", views.SeveralResultsApi.as_view()),
    path("alerts/results/export", views.ResultsExportApi.as_view()),
    path("alerts/<id:alert_id>/punches", views.AlertPunchesApi.as_view()),
]
