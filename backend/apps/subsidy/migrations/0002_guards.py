from django.db import migrations

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [("subsidy", "0001_initial")]
    operations = [
        guard_operation(
            "subsidy_decision",
            "subsidy_evaluation",
            "subsidy_snapshot",
            "subsidy_snap_statement",
            "subsidy_snap_line",
        )
    ]
