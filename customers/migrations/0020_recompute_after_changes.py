from django.db import migrations, models


class Migration(migrations.Migration):
    """A recompute may follow changes of records, whoever made them."""

    dependencies = [("customers", "0019_orders_of_subscriptions")]

    operations = [
        migrations.AlterField(
            "run",
            "reason",
            models.CharField(
                choices=[
                    ("asked", "Asked for"),
                    ("nightly", "Every night"),
                    ("import", "After an import"),
                    ("changes", "After changes"),
                ],
                max_length=10,
                verbose_name="reason",
            ),
        ),
    ]
