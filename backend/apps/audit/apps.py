from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backend.apps.audit"
    label = "audit"
    verbose_name = "数据操作审计"
