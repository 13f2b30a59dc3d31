from django.urls import path

from backend.api.v1.alert_settings import views

urlpatterns = [
    path("alerts/rules", views.AlertRulesApi.as_view()),
    path("alerts/thresholds", views.ThresholdListApi.as_view()),
    path("alerts/thresholds/preview", views.ThresholdPreviewApi.as_view()),
    path("alerts/thresholds/bulk", views.ThresholdBulkApi.as_view()),
    path("alerts/thresholds/<id:institution_id>", views.ThresholdApi.as_view()),
]
