from django.db import migrations, models


class Migration(migrations.Migration):
    """The risk that a customer orders no more, and recency, frequency and value in fifths."""

    dependencies = [("customers", "0012_scorecard_order_margin")]

    operations = [
        migrations.AddField(
            "scorecard",
            "churn_risk",
            models.FloatField(
                help_text="Probability of no order within the time after which customers count as former ones.",
                null=True,
                verbose_name="churn risk",
            ),
        ),
        migrations.AddField(
            "scorecard",
            "rfm",
            models.SmallIntegerField(
                help_text="Recency, frequency and value, a digit from 1 to 5 each: 555 is the best. Empty for prospects.",
                null=True,
                verbose_name="RFM",
            ),
        ),
    ]
