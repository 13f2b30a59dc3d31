from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    label = "workflows"
    verbose_name = "流程"

    def ready(self) -> None:
        from workflows import checks  # noqa: F401  # registers the system checks, once models are loaded
