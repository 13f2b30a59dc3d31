from django.apps import AppConfig


class SealsConfig(AppConfig):
    name = "backend.apps.seals"
    label = "seals"
    verbose_name = "封存"
