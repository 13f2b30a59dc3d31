"""加签, 抄送, 委托, and the kinds of events of every verb."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [
        ("viewflow", "0015_task_scheduled"),
        ("workflows", "0005_deadlines"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                    ("assigned", "指派"),
                    ("reassigned", "转办"),
                    ("consulted", "加签"),
                    ("consult_cancelled", "撤回加签"),
                    ("opinion", "答复意见"),
                    ("copied", "抄送"),
                    ("read", "已阅"),
                    ("reminded", "催办"),
                    ("decided", "办理"),
                    ("withdrawn", "撤回"),
                    ("reopened", "重新审核"),
                    ("cancelled", "取消"),
                    ("job_done", "作业完成"),
                    ("job_retried", "作业重试"),
                    ("job_failed", "作业失败"),
                    ("job_cancelled", "作业取消"),
                    ("job_revived", "作业重启"),
                    ("due_soon", "临期提醒"),
                    ("overdue", "超期"),
                    ("escalated", "超期告知上级"),
                    ("joined", "全部审结"),
                    ("finished", "流程结束"),
                ],
                max_length=32,
            ),
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("permission", models.CharField(max_length=64)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("reason", models.CharField(max_length=300)),
                ("made_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "delegate",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "workflows_delegation",
                "indexes": [
                    models.Index(
                        fields=["delegate", "permission", "ends_on"], name="workflows_delegation_to"
                    ),
                    models.Index(
                        fields=["person", "permission", "ends_on"], name="workflows_delegation_from"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=[("opinion", "加签"), ("copy", "抄送")], max_length=16)),
                ("number", models.PositiveSmallIntegerField()),
                ("by_name", models.CharField(max_length=64)),
                ("text", models.CharField(blank=True, default="", max_length=500)),
                ("at", models.DateTimeField()),
                ("opinion", models.CharField(blank=True, default="", max_length=500)),
                ("answered_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="viewflow.task",
                    ),
                ),
            ],
            options={
                "db_table": "workflows_invitation",
                "indexes": [
                    models.Index(fields=["person", "kind", "id"], name="workflows_invitation_person")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("task", "kind", "number"), name="workflows_invitation_key"
                    )
                ],
            },
        ),
        guard_operation("workflows_invitation"),
    ]
