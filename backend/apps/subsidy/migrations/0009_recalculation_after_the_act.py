"""重新提交 and 重新审核 ask for the calculation, a job does it: ADR 0140."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subsidy", "0008_adjustment_lines")]

    operations = [
        migrations.AddField(
            model_name="statement",
            name="recalculate_round",
            field=models.PositiveSmallIntegerField(null=True),
        ),
    ]
