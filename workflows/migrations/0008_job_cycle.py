"""Every job belongs to a month; by itself, because PostgreSQL alters no table with pending foreign key checks."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0007_operators")]
    operations = [
        migrations.AlterField(
            model_name="jobrun",
            name="cycle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="subsidy.monthlycycle"
            ),
        ),
    ]
