from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reporting", "0002_statements")]

    operations = [
        migrations.AlterField(
            model_name="reportfile", name="file_name", field=models.CharField(max_length=200)
        ),
    ]
