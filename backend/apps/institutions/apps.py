from django.apps import AppConfig


class InstitutionsConfig(AppConfig):
    name = "backend.apps.institutions"
    label = "institutions"
    verbose_name = "托育机构"
