"""Indexes Viewflow's tables lack for our lists and checks, and the append-only triggers of our history."""

from django.db import migrations

from backend.common.guards import guard_operation

INDEXES = {
    "workflows_vt_node": "viewflow_task (flow_task, status, id)",
    "workflows_vt_owner": "viewflow_task (owner_id, status, id)",
    "workflows_vt_type": "viewflow_task (flow_task_type, status)",
    "workflows_vp_flow": "viewflow_process (flow_class, status)",
}


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial"), ("viewflow", "0015_task_scheduled")]
    operations = [
        *(
            migrations.RunSQL(f"CREATE INDEX {name} ON {columns}", f"DROP INDEX {name}")
            for name, columns in INDEXES.items()
        ),
        guard_operation("workflows_definition", "workflows_event"),
    ]
