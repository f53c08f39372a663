import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """How customers won in the same month, or by the same source, fared since."""

    dependencies = [
        ("customers", "0013_scorecard_churn_risk_and_rfm"),
        ("jobs", "0002_doorbell_allowance_and_error"),
        ("profitability", "0010_costing_versions"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunCohorts",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("computed_at", models.DateTimeField(null=True, verbose_name="computed")),
                ("totals", models.JSONField(default=dict, verbose_name="totals")),
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
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cohorts",
                        to="customers.run",
                        verbose_name="recompute",
                    ),
                ),
            ],
            options={
                "verbose_name": "cohorts of a recompute",
                "verbose_name_plural": "cohorts of recomputes",
                "ordering": ["-run"],
            },
        ),
    ]
