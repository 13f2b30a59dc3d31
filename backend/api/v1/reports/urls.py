from django.urls import path

from backend.api.v1.reports import views

urlpatterns = [
    path("reports/<id:report_id>/file", views.ReportFileApi.as_view()),
    path("statements/<id:statement_id>/report", views.StatementReportApi.as_view()),
    path("rows", views.SealedRowApi.as_view()),
    path("statistics", views.StatisticsApi.as_view()),
    path("statistics/file", views.StatisticsFileApi.as_view()),
]
