import django.db.models.deletion
from django.db import migrations, models

import crm_site.lib.fields

# The profit of a ranking stands in the totals of its run; where it was not positive, no shares were kept.
TOTAL = """
    CREATE FUNCTION pg_temp.ranked_profit(run bigint) RETURNS float8 LANGUAGE sql STABLE
    AS $$ SELECT (totals #>> '{ranking,profit}')::float8 * 100 FROM customers_run WHERE id = run $$
"""
KEPT = [
    TOTAL,
    "ALTER TABLE customers_scorecard RENAME rank TO place",
    "ALTER TABLE customers_scorecard RENAME cumulative_share TO cumulative_profit",
    "ALTER INDEX scorecard_by_rank RENAME TO scorecard_by_place",
    """
    ALTER TABLE customers_scorecard ALTER place TYPE float8,
        ALTER cumulative_profit TYPE bigint USING round(cumulative_profit * pg_temp.ranked_profit(run_id)),
        ALTER place SET (n_distinct_inherited = -1)
    """,
    "ANALYZE customers_scorecard (place)",
]
# Backwards: nothing was shared, so what a run of what changed shares is gone until the next recompute.
LOST = [
    TOTAL,
    """
    ALTER TABLE customers_scorecard ALTER place TYPE integer,
        ALTER cumulative_profit TYPE float8 USING cumulative_profit / nullif(pg_temp.ranked_profit(run_id), 0)
    """,
    "ALTER INDEX scorecard_by_place RENAME TO scorecard_by_rank",
    "ALTER TABLE customers_scorecard RENAME cumulative_profit TO cumulative_share",
    "ALTER TABLE customers_scorecard RENAME place TO rank",
]
PLACE = models.FloatField(
    help_text="The rank in a full run; whom a later run ranks anew stands between two of these. Empty for prospects, who "
    "are not ranked.",
    null=True,
    verbose_name="place",
)
CUMULATIVE = crm_site.lib.fields.CentsField(
    help_text="Of all up to the customer's place in the full run; empty for prospects.",
    null=True,
    verbose_name="cumulative profit",
)


class Migration(migrations.Migration):
    """Runs of what changed share the scorecards of the full run that they start from; ranks are told by steps."""

    dependencies = [("customers", "0026_customers_of_runs_are_unlike")]

    operations = [
        migrations.AddField(
            "run",
            "scorecards_of",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.run",
                verbose_name="shares scorecards with",
            ),
        ),
        migrations.CreateModel(
            name="RankStep",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "place", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("place", models.FloatField()),
                ("rank", models.IntegerField()),
                ("cents", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of the ranking",
                "verbose_name_plural": "steps of the ranking",
                "indexes": [models.Index(fields=["run", "rank", "place"], name="rankstep_by_rank")],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(KEPT, reverse_sql=LOST)],
            state_operations=[
                migrations.RenameField("scorecard", "rank", "place"),
                migrations.RenameField("scorecard", "cumulative_share", "cumulative_profit"),
                migrations.AlterField("scorecard", "place", PLACE),
                migrations.AlterField("scorecard", "cumulative_profit", CUMULATIVE),
            ],
        ),
        # One of several runs in which a customer is looked up makes an index on both look twice as dear as it is.
        migrations.RunSQL(
            [
                "ALTER TABLE customers_scorecard DROP CONSTRAINT customers_scorecard_pkey",
                "CREATE INDEX scorecard_by_customer ON customers_scorecard (customer_id)",
            ],
            reverse_sql=[
                "DROP INDEX scorecard_by_customer",
                "ALTER TABLE customers_scorecard ADD PRIMARY KEY (customer_id, run_id)",
            ],
        ),
    ]
