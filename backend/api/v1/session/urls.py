from django.urls import path

from backend.api.v1.session import views

urlpatterns = [
    path("session", views.SessionApi.as_view()),
    path("session/identity", views.SessionIdentityApi.as_view()),
]
