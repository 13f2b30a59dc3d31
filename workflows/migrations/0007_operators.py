"""What operators need of a job: its month, since when, who stopped it and why; signs of life of the runners."""

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    """The month and the beginning of jobs that are there already, from their task or their background row."""
    run_model = apps.get_model("workflows", "JobRun")
    cycles = dict(apps.get_model("workflows", "CycleRun").objects.values_list("process_id", "cycle_id"))
    begun = apps.get_model("viewflow", "Task").objects.filter(job_run__isnull=False)
    for task_id, process_id, created in begun.values_list("pk", "process_id", "created").iterator():
        run_model.objects.filter(task_id=task_id).update(cycle_id=cycles[process_id], created_at=created)
    background = apps.get_model("workflows", "BackgroundJob")
    for run_id, cycle_id, requested_at in background.objects.values_list(
        "run_id", "cycle_id", "requested_at"
    ):
        run_model.objects.filter(pk=run_id).update(cycle_id=cycle_id, created_at=requested_at)


class Migration(migrations.Migration):
    dependencies = [
        ("subsidy", "0005_payee_decision"),
        ("workflows", "0006_verbs"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunnerBeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, unique=True)),
                ("kind", models.CharField(max_length=16)),
                ("started_at", models.DateTimeField()),
                ("beat_at", models.DateTimeField()),
            ],
            options={"db_table": "workflows_runner_beat"},
        ),
        migrations.AddField(
            model_name="jobrun",
            name="cancel_reason",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddField(model_name="jobrun", name="cancelled_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="jobrun",
            name="cancelled_by_name",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="jobrun",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="jobrun",
            name="cycle",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="subsidy.monthlycycle",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RemoveField(model_name="backgroundjob", name="cycle"),
    ]
