"""收回 and 取消: decisions that no longer hold, months that were cancelled, acts for somebody else."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backend.common.guards import guard_operation


class Migration(migrations.Migration):
    dependencies = [
        ("institutions", "0002_seed"),
        ("subsidy", "0005_payee_decision"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Takeback",
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
                        choices=[("withdrawn", "撤回"), ("reopened", "重新审核")], max_length=16
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("by_name", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "subsidy_takeback",
            },
        ),
        migrations.RemoveConstraint(
            model_name="monthlycycle",
            name="subsidy_cycle_key",
        ),
        migrations.AddField(
            model_name="evaluation",
            name="principal",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="evaluation",
            name="principal_name",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="monthlycycle",
            name="cancel_reason",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddField(
            model_name="monthlycycle",
            name="cancellation",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="monthlycycle",
            name="cancelled_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="monthlycycle",
            name="cancelled_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="statementdecision",
            name="mark_reasons",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="statementdecision",
            name="principal",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="statementdecision",
            name="principal_name",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AlterField(
            model_name="statementdecision",
            name="decision",
            field=models.CharField(
                choices=[
                    ("approved", "通过"),
                    ("returned", "退回"),
                    ("back_to_township", "退回初审"),
                    ("excluded", "不纳入本月"),
                    ("resubmitted", "重新提交"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="statementdecision",
            name="step",
            field=models.CharField(
                choices=[
                    ("review_township", "乡镇街道初审"),
                    ("review_county", "县级审核"),
                    ("correct", "机构更正"),
                    ("exclude", "不纳入本月"),
                ],
                max_length=32,
            ),
        ),
        migrations.AddConstraint(
            model_name="monthlycycle",
            constraint=models.UniqueConstraint(
                fields=("county", "month", "cancellation"), name="subsidy_cycle_once"
            ),
        ),
        migrations.AddField(
            model_name="takeback",
            name="by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="takeback",
            name="decision",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="takeback",
                to="subsidy.statementdecision",
            ),
        ),
        # SQLite makes a table anew to add a column, and loses its triggers.
        guard_operation("subsidy_decision", "subsidy_evaluation", "subsidy_takeback"),
    ]
