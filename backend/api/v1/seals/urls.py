from django.urls import path

from backend.api.v1.seals import views

urlpatterns = [
    path("seals", views.SealListApi.as_view()),
    path("seals/<id:seal_id>", views.SealRetrieveApi.as_view()),
    path("seals/<id:seal_id>/check", views.SealCheckApi.as_view()),
    path("seals/<id:seal_id>/package", views.SealPackageApi.as_view()),
    path("seal-incidents", views.SealIncidentListApi.as_view()),
    path("seal-verifiers/<str:name>", views.VerifierApi.as_view()),
]
