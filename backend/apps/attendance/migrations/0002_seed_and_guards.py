from django.db import migrations

from backend.apps.attendance.seed import seed
from backend.common.guards import guard_operation


def forwards(apps, schema_editor):
    seed(apps)


class Migration(migrations.Migration):
    dependencies = [("attendance", "0001_initial")]
    operations = [
        migrations.RunPython(forwards, migrations.RunPython.noop),
        guard_operation("attendance_punch"),
    ]
