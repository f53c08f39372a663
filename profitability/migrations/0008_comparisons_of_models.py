import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """What comparisons of purchase models found."""

    dependencies = [
        ("jobs", "0002_doorbell_allowance_and_error"),
        ("profitability", "0007_period_rankings"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelComparison",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "compared_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="compared"),
                ),
                ("as_of", models.DateField(verbose_name="orders until")),
                (
                    "winner",
                    models.CharField(
                        blank=True,
                        choices=[("bgnbd", "BG/NBD"), ("mbgnbd", "MBG/NBD"), ("pareto_nbd", "Pareto/NBD")],
                        help_text="Empty where the orders do not suffice for a comparison.",
                        max_length=10,
                        verbose_name="best model",
                    ),
                ),
                ("result", models.JSONField(blank=True, default=dict, verbose_name="result")),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="jobs.job",
                        verbose_name="job",
                    ),
                ),
            ],
            options={
                "verbose_name": "comparison of models",
                "verbose_name_plural": "comparisons of models",
                "ordering": ["-id"],
            },
        ),
    ]
