from django.urls import path

from backend.api.v1.batches import views

urlpatterns = [
    path("cycles/<id:cycle_id>/approvable", views.ApprovableListApi.as_view()),
    path("batches", views.BatchesApi.as_view()),
    path("batches/preview", views.BatchPreviewApi.as_view()),
    path("batches/<id:batch_id>", views.BatchRetrieveApi.as_view()),
    path("batches/<id:batch_id>/items", views.BatchItemListApi.as_view()),
]
