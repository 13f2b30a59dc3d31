from django.db import migrations

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial")]
    operations = [guard_operation("alerts_outcome")]
