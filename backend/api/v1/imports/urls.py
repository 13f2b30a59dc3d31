from django.urls import path

from backend.api.v1.imports import views

urlpatterns = [
    path("import-templates/<template_kind:kind>.<template_format:form>", views.ImportTemplateApi.as_view())
]
