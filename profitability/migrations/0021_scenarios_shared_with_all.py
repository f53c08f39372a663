from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("profitability", "0020_months_shared_with_a_full_run"),
    ]

    operations = [
        migrations.AddField(
            model_name="scenario",
            name="for_all",
            field=models.BooleanField(
                default=False, verbose_name="shared with everybody who may see what customers earn"
            ),
        ),
    ]
