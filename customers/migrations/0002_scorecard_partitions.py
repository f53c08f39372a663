from django.db import migrations, models

from crm_site.lib.partitions import cut_by

CATEGORIES = [
    (1, "Most profitable"),
    (2, "Fairly profitable"),
    (3, "Low profit but desirable"),
    (4, "Unprofitable and undesirable"),
]
FIGURES = (
    "profit",
    "net_revenue",
    "gross_margin",
    "cost_to_serve",
    "lifetime_value",
    "orders",
    "last_order_on",
    "probability_alive",
)
# Every list is read in one of these orders, from either end; the customer's number makes each order total.
INDEXES = {
    **{f"scorecard_by_{figure}": f"{figure} DESC NULLS LAST, customer_id DESC" for figure in FIGURES},
    "scorecard_by_category": "category, profit DESC, customer_id DESC",
    "scorecard_by_stage": "stage, profit DESC, customer_id DESC",
    "scorecard_by_rank": "rank",
}


class Migration(migrations.Migration):
    """A scorecard partition for each run, with an index for every figure that lists are sorted or filtered by."""

    dependencies = [("customers", "0001_initial")]

    operations = [
        migrations.AlterField(
            "scorecard",
            "rank",
            models.IntegerField(null=True, help_text="Empty for prospects, who are not ranked.", verbose_name="rank"),
        ),
        migrations.AlterField(
            "scorecard",
            "category",
            models.SmallIntegerField(
                choices=CATEGORIES, null=True, help_text="Empty for prospects.", verbose_name="category"
            ),
        ),
        cut_by("run_id", table="customers_scorecard", primary_key="customer_id, run_id"),
        migrations.RunSQL(
            [f"CREATE INDEX {name} ON customers_scorecard ({columns})" for name, columns in INDEXES.items()],
            reverse_sql=[f"DROP INDEX {name}" for name in INDEXES],
        ),
    ]
