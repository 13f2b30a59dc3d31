from django.urls import path

from backend.api.v1.cycles import views

urlpatterns = [
    path("cycles", views.CyclesApi.as_view()),
    path("cycles/<id:cycle_id>", views.CycleRetrieveApi.as_view()),
    path("cycles/<id:cycle_id>/diagram.svg", views.CycleDiagramApi.as_view()),
    path("cycles/<id:cycle_id>/preflight", views.CyclePreflightApi.as_view()),
    path("cycles/<id:cycle_id>/cancel", views.CycleCancelApi.as_view()),
    path("cycles/<id:cycle_id>/edges", views.CycleEdgesApi.as_view()),
    path("cycles/<id:cycle_id>/required-days", views.CycleRequiredDaysApi.as_view()),
]
