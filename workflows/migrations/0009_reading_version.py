"""The version of a task's content its reader was shown last."""

from django.db import migrations, models

from backend.common.guards import guard_operation, lift_operation


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0008_job_cycle"),
    ]

    operations = [
        lift_operation("workflows_reading_item"),  # whose triggers name the table that SQLite rebuilds
        migrations.AddField(
            model_name="taskreading",
            name="content_hash",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        guard_operation("workflows_reading", "workflows_reading_item"),
    ]
