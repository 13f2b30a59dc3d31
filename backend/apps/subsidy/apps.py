from django.apps import AppConfig


class SubsidyConfig(AppConfig):
    name = "backend.apps.subsidy"
    label = "subsidy"
    verbose_name = "补助"
