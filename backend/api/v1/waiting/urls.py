from django.urls import path

from backend.api.v1.waiting import views

urlpatterns = [
    path("cycles/<id:cycle_id>/waiting", views.CycleWaitingApi.as_view()),
    path("cycles/<id:cycle_id>/times", views.CycleTimesApi.as_view()),
    path("statements/<id:statement_id>/times", views.StatementTimesApi.as_view()),
]
