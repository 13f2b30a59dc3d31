from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    label = "workflows"
    verbose_name = "流程"

    def ready(self) -> None:
        from workflows import alert_replays, batches, checks, recalculations  # noqa: F401  # `checks` registers itself, once models are loaded

        batches.register()
        alert_replays.register()
        recalculations.register()
