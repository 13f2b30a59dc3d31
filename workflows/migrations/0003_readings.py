"""Readings of tasks, contents shown, and for whom somebody acted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [
        ("subsidy", "0005_payee_decision"),
        ("viewflow", "0015_task_scheduled"),
        ("workflows", "0002_indexes_and_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadingItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("statement", "结算单"),
                            ("alert", "预警"),
                            ("child", "婴幼儿"),
                            ("photos", "照片"),
                        ],
                        max_length=16,
                    ),
                ),
                ("ref", models.CharField(max_length=40)),
                ("opened_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("seconds", models.PositiveIntegerField(default=0)),
            ],
            options={
                "db_table": "workflows_reading_item",
            },
        ),
        migrations.CreateModel(
            name="ShownContent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content_hash", models.CharField(max_length=64)),
                ("body", models.BinaryField()),
                ("shown_at", models.DateTimeField()),
            ],
            options={
                "db_table": "workflows_shown",
            },
        ),
        migrations.CreateModel(
            name="TaskReading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("seconds", models.PositiveIntegerField(default=0)),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "workflows_reading",
            },
        ),
        migrations.AddField(
            model_name="processevent",
            name="principal_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="processevent",
            name="principal_name",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AlterField(
            model_name="processevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("started", "流程开始"),
                    ("created", "任务产生"),
                    ("opened", "打开"),
                    ("claimed", "认领"),
                    ("released", "退回待办"),
                    ("decided", "办理"),
                    ("job_done", "作业完成"),
                    ("job_retried", "作业重试"),
                    ("job_failed", "作业失败"),
                    ("job_cancelled", "作业取消"),
                    ("job_revived", "作业重启"),
                    ("joined", "全部审结"),
                    ("finished", "流程结束"),
                ],
                max_length=32,
            ),
        ),
        migrations.AddIndex(
            model_name="processevent",
            index=models.Index(fields=["principal_id", "cycle_id"], name="workflows_event_principal"),
        ),
        migrations.AddField(
            model_name="showncontent",
            name="cycle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="subsidy.monthlycycle"
            ),
        ),
        migrations.AddField(
            model_name="showncontent",
            name="process",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="viewflow.process",
            ),
        ),
        migrations.AddField(
            model_name="taskreading",
            name="actor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="taskreading",
            name="task",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="readings", to="viewflow.task"
            ),
        ),
        migrations.AddField(
            model_name="readingitem",
            name="reading",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="items", to="workflows.taskreading"
            ),
        ),
        migrations.AddConstraint(
            model_name="showncontent",
            constraint=models.UniqueConstraint(
                fields=("process", "content_hash"), name="workflows_shown_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="taskreading",
            constraint=models.UniqueConstraint(fields=("task", "actor"), name="workflows_reading_key"),
        ),
        migrations.AddConstraint(
            model_name="readingitem",
            constraint=models.UniqueConstraint(
                fields=("reading", "kind", "ref"), name="workflows_reading_item_key"
            ),
        ),
        # SQLite rebuilds the table for a new column and drops its triggers on the way.
        guard_operation("workflows_event", "workflows_reading", "workflows_reading_item"),
    ]
