from django.urls import path

from backend.api.v1.institutions import views

urlpatterns = [
    path("counties", views.CountyListApi.as_view()),
    path("institutions", views.InstitutionListApi.as_view()),
]
