"""考勤更正 proposed from an alert: which alert, and the evidence its maker saw."""

import django.db.models.deletion
from django.db import migrations, models

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0004_threshold_history"),
        ("attendance", "0006_correction_files"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertCorrection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("evidence_hash", models.CharField(max_length=64)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="alerts.alert",
                    ),
                ),
                (
                    "correction",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="attendance.attendancecorrection",
                    ),
                ),
            ],
            options={"db_table": "alerts_correction"},
        ),
        guard_operation("alerts_correction"),
    ]
