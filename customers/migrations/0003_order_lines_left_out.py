from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_scorecard_partitions")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="lines_left_out",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
