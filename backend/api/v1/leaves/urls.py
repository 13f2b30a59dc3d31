from django.urls import path

from backend.api.v1.leaves import views

urlpatterns = [
    path("leaves", views.LeavesApi.as_view()),
    path("leaves/<id:leave_id>/cancel", views.LeaveCancelApi.as_view()),
]
