from django.urls import path

from backend.api.v1.children import views

urlpatterns = [path("children/<id:child_id>/reveal", views.ChildRevealApi.as_view())]
