from django.urls import path

from backend.api.v1.reports import views

urlpatterns = [path("reports/<id:report_id>/file", views.ReportFileApi.as_view())]
