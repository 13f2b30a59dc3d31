from django.db import migrations, models

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [("subsidy", "0002_guards")]
    operations = [
        migrations.AddField(
            model_name="snapshotline",
            name="name_commitment",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        guard_operation("subsidy_snap_line"),  # SQLite rebuilds the table and loses its triggers
    ]
