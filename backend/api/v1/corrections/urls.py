from django.urls import path

from backend.api.v1.corrections import views

urlpatterns = [
    path("corrections", views.CorrectionsApi.as_view()),
    path("corrections/<id:correction_id>/decide", views.CorrectionDecideApi.as_view()),
]
