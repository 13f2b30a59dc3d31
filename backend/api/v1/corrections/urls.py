from django.urls import path

from backend.api.v1.corrections import views

urlpatterns = [
    path("corrections", views.CorrectionsApi.as_view()),
    path("corrections/<id:correction_id>/files", views.CorrectionFilesApi.as_view()),
    path("corrections/files/<id:file_id>", views.CorrectionFileApi.as_view()),
    path("corrections/<id:correction_id>/decide", views.CorrectionDecideApi.as_view()),
]
