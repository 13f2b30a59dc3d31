from django.db import migrations

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [guard_operation("audit_event")]
