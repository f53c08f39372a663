import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Customers as a portfolio of shares: the months of each group, and what was found in them."""

    dependencies = [
        ("customers", "0013_scorecard_churn_risk_and_rfm"),
        ("jobs", "0002_doorbell_allowance_and_error"),
        ("profitability", "0013_values_of_customers_by_month"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunPortfolio",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("computed_at", models.DateTimeField(null=True, verbose_name="computed")),
                ("history", models.JSONField(default=dict, verbose_name="history of groups")),
                ("customers", models.JSONField(default=dict, verbose_name="single customers")),
                ("concentration", models.JSONField(default=dict, verbose_name="concentration")),
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
                        related_name="portfolio",
                        to="customers.run",
                        verbose_name="recompute",
                    ),
                ),
            ],
            options={
                "verbose_name": "portfolio of a recompute",
                "verbose_name_plural": "portfolios of recomputes",
                "ordering": ["-run"],
            },
        ),
        migrations.CreateModel(
            name="PortfolioAnalysis",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "question",
                    models.CharField(
                        help_text="The filters of the page, as one text.", max_length=120, verbose_name="question"
                    ),
                ),
                ("totals", models.JSONField(default=dict, verbose_name="totals")),
                (
                    "portfolio",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="analyses",
                        to="profitability.runportfolio",
                        verbose_name="portfolio of a recompute",
                    ),
                ),
            ],
            options={
                "verbose_name": "analysis of a portfolio",
                "verbose_name_plural": "analyses of portfolios",
                "ordering": ["-portfolio", "question"],
            },
        ),
        migrations.AddConstraint(
            model_name="portfolioanalysis",
            constraint=models.UniqueConstraint(
                fields=("portfolio", "question"), name="portfolio_analysis_once_a_question"
            ),
        ),
    ]
