from django.urls import path

from backend.api.v1.tasks import views

urlpatterns = [
    path("tasks", views.TaskListApi.as_view()),
    path("tasks/counts", views.TaskCountsApi.as_view()),
    path("tasks/<id:task_id>", views.TaskRetrieveApi.as_view()),
    path("tasks/<id:task_id>/reading", views.TaskReadingApi.as_view()),
    path("tasks/<id:task_id>/claim", views.TaskClaimApi.as_view()),
    path("tasks/<id:task_id>/release", views.TaskReleaseApi.as_view()),
    path("tasks/<id:task_id>/complete", views.TaskCompleteApi.as_view()),
]
