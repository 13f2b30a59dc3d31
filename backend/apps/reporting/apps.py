from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "backend.apps.reporting"
    label = "reporting"
    verbose_name = "统计与报表"
