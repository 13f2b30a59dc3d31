from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "backend.apps.alerts"
    label = "alerts"
    verbose_name = "智能预警"
