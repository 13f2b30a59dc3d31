"""预警人数 keeps its history: setting one again for the same day adds a row, and rows no longer change."""

from django.db import migrations, models

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_rules_and_overrides")]

    operations = [
        migrations.RemoveConstraint(model_name="headcountthreshold", name="alerts_threshold_key"),
        migrations.AddField(
            model_name="headcountthreshold",
            name="set_by_name",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddIndex(
            model_name="headcountthreshold",
            index=models.Index(fields=["institution", "starts_on"], name="alerts_threshold_from"),
        ),
        guard_operation("alerts_threshold"),
    ]
