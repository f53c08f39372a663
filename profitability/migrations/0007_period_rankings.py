import django.db.models.deletion
from django.db import migrations, models

import crm_site.lib.fields
from crm_site.lib.partitions import cut_by

FIGURES = ("profit", "net_revenue", "gross_margin", "cost_to_serve", "lifetime_value")
# As scorecards have them: every list is read in one of these orders, from either end.
INDEXES = {
    **{f"period_figure_by_{figure}": f"{figure} DESC NULLS LAST, customer_id DESC" for figure in FIGURES},
    "period_figure_by_category": "category, profit DESC NULLS LAST, customer_id DESC",
    "period_figure_by_rank": "rank",
}


class Migration(migrations.Migration):
    """Rankings of periods, with a partition of figures for each; and why customer equity changed between two runs."""

    dependencies = [
        ("customers", "0012_scorecard_order_margin"),
        ("jobs", "0002_doorbell_allowance_and_error"),
        ("profitability", "0006_months_in_order_of_customers"),
    ]

    operations = [
        migrations.CreateModel(
            name="EquityBridge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("totals", models.JSONField(default=dict, verbose_name="totals")),
                ("computed_at", models.DateTimeField(auto_now_add=True, verbose_name="computed")),
                (
                    "previous",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.run",
                        verbose_name="previous recompute",
                    ),
                ),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="equity_bridge",
                        to="customers.run",
                        verbose_name="recompute",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of customer equity",
                "verbose_name_plural": "changes of customer equity",
                "ordering": ["-run"],
            },
        ),
        migrations.CreateModel(
            name="PeriodRanking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateField(null=True, verbose_name="first month")),
                ("until", models.DateField(null=True, verbose_name="last month")),
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
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rankings",
                        to="customers.run",
                        verbose_name="recompute",
                    ),
                ),
            ],
            options={
                "verbose_name": "ranking of a period",
                "verbose_name_plural": "rankings of periods",
                "ordering": ["-run", "-until", "-since"],
            },
        ),
        migrations.CreateModel(
            name="PeriodFigure",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "ranking_id", "customer_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("orders", models.IntegerField(verbose_name="orders")),
                ("net_revenue", crm_site.lib.fields.CentsField(verbose_name="net revenue")),
                ("gross_margin", crm_site.lib.fields.CentsField(verbose_name="gross margin")),
                ("cost_to_serve", crm_site.lib.fields.CentsField(verbose_name="cost to serve")),
                ("direct_costs", crm_site.lib.fields.CentsField(verbose_name="direct costs")),
                ("profit", crm_site.lib.fields.CentsField(verbose_name="profit")),
                ("rank", models.IntegerField(verbose_name="rank")),
                ("cumulative", crm_site.lib.fields.CentsField(verbose_name="cumulative profit")),
                ("cumulative_share", models.FloatField(null=True, verbose_name="cumulative share of profit")),
                (
                    "category",
                    models.SmallIntegerField(
                        choices=[
                            (1, "Most profitable"),
                            (2, "Fairly profitable"),
                            (3, "Low profit but desirable"),
                            (4, "Unprofitable and undesirable"),
                        ],
                        verbose_name="category",
                    ),
                ),
                (
                    "lifetime_value",
                    crm_site.lib.fields.CentsField(
                        help_text="As of the run, not of the period.", null=True, verbose_name="lifetime value"
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="period_figures",
                        to="customers.customer",
                    ),
                ),
                (
                    "ranking",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="profitability.periodranking",
                    ),
                ),
            ],
            options={
                "verbose_name": "figures of a period",
                "verbose_name_plural": "figures of periods",
            },
        ),
        migrations.AddConstraint(
            model_name="periodranking",
            constraint=models.UniqueConstraint(
                fields=("run", "since", "until"), name="period_ranking_once_a_run", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="periodranking",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("since__isnull", True), ("until__isnull", True)),
                    models.Q(("since__day", 1), ("since__lte", models.F("until")), ("until__day", 1)),
                    _connector="OR",
                ),
                name="period_ranking_of_whole_months",
                violation_error_message="Give the first days of the first and the last month, or neither.",
            ),
        ),
        cut_by("ranking_id", table="profitability_periodfigure", primary_key="customer_id, ranking_id"),
        migrations.RunSQL(
            [f"CREATE INDEX {name} ON profitability_periodfigure ({columns})" for name, columns in INDEXES.items()],
            reverse_sql=[f"DROP INDEX {name}" for name in INDEXES],
        ),
    ]
