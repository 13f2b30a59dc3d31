from django.urls import path

from backend.api.v1.jobs import views

urlpatterns = [
    path("jobs", views.JobListApi.as_view()),
    path("jobs/health", views.JobsHealthApi.as_view()),
    path("jobs/<id:run_id>", views.JobRetrieveApi.as_view()),
    path("jobs/<id:run_id>/retry", views.JobRetryApi.as_view()),
    path("jobs/<id:run_id>/cancel", views.JobCancelApi.as_view()),
]
