from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="attempts_allowed",
            field=models.PositiveSmallIntegerField(default=3),
        ),
        migrations.AddField(
            model_name="job",
            name="error_values",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="job",
            name="rung_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
