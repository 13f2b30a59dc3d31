from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reporting", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="reportfile",
            name="statement_number",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RemoveConstraint(model_name="reportfile", name="reporting_file_key"),
        migrations.AddConstraint(
            model_name="reportfile",
            constraint=models.UniqueConstraint(
                fields=["snapshot", "kind", "statement_number"], name="reporting_file_key"
            ),
        ),
    ]
