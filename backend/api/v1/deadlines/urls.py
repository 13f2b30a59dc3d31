from django.urls import path

from backend.api.v1.deadlines import views

urlpatterns = [
    path("deadlines", views.DeadlinesApi.as_view()),
]
