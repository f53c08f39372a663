from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0020_recompute_after_changes")]

    operations = [
        migrations.AddField(
            model_name="journeystep",
            name="months",
            field=models.JSONField(blank=True, default=list, verbose_name="by month"),
        ),
    ]
