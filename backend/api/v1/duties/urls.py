from django.urls import path

from backend.api.v1.duties import views

urlpatterns = [
    path("cycles/<id:cycle_id>/duties", views.CycleDutiesApi.as_view()),
    path("unattended", views.UnattendedListApi.as_view()),
    path("unattended/count", views.UnattendedCountApi.as_view()),
]
