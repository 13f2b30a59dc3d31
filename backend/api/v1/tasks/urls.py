from django.urls import path

from backend.api.v1.tasks import verbs, views

urlpatterns = [
    path("tasks", views.TaskListApi.as_view()),
    path("tasks/counts", views.TaskCountsApi.as_view()),
    path("tasks/<id:task_id>", views.TaskRetrieveApi.as_view()),
    path("tasks/<id:task_id>/reading", views.TaskReadingApi.as_view()),
    path("tasks/<id:task_id>/claim", views.TaskClaimApi.as_view()),
    path("tasks/<id:task_id>/release", views.TaskReleaseApi.as_view()),
    path("tasks/<id:task_id>/complete", views.TaskCompleteApi.as_view()),
    path("tasks/<id:task_id>/colleagues", verbs.TaskColleagueListApi.as_view()),
    path("tasks/<id:task_id>/reassign", verbs.TaskReassignApi.as_view()),
    path("tasks/<id:task_id>/consult", verbs.TaskConsultApi.as_view()),
    path("tasks/<id:task_id>/consult-cancel", verbs.TaskConsultCancelApi.as_view()),
    path("tasks/<id:task_id>/opinion", verbs.TaskOpinionApi.as_view()),
    path("tasks/<id:task_id>/copy", verbs.TaskCopyApi.as_view()),
    path("tasks/<id:task_id>/read", verbs.TaskReadApi.as_view()),
    path("tasks/<id:task_id>/remind", verbs.TaskRemindApi.as_view()),
    path("tasks/<id:task_id>/withdraw", verbs.TaskWithdrawApi.as_view()),
]
