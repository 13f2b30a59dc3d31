from django.urls import path

from backend.api.v1.alerts import views

urlpatterns = [
    path("alerts", views.AlertListApi.as_view()),
    path("alerts/<id:alert_id>", views.AlertRetrieveApi.as_view()),
    path("alerts/dismiss", views.AlertDismissApi.as_view()),
    path("alerts/<id:alert_id>/override", views.AlertOverrideApi.as_view()),
    path("alerts/<id:alert_id>/settle", views.AlertSettleApi.as_view()),
]
