from django.urls import path

from backend.api.v1.photos import views

urlpatterns = [path("photos/<id:photo_id>", views.PhotoRetrieveApi.as_view())]
