from django.db import migrations

STAGES = ("prospect", "customer", "former")
BY_PROFIT = "profit DESC NULLS LAST, customer_id DESC"


class Migration(migrations.Migration):
    """Each stage by profit in an index of its own: three small ones are built in half the time of one with all in it."""

    dependencies = [("customers", "0024_index_of_filled_in_fields")]

    operations = [
        migrations.RunSQL(
            [
                "DROP INDEX scorecard_by_stage",
                *(
                    f"CREATE INDEX scorecard_by_stage_{stage} ON customers_scorecard ({BY_PROFIT}) WHERE stage = '{stage}'"
                    for stage in STAGES
                ),
            ],
            reverse_sql=[
                *(f"DROP INDEX scorecard_by_stage_{stage}" for stage in STAGES),
                f"CREATE INDEX scorecard_by_stage ON customers_scorecard (stage, {BY_PROFIT})",
            ],
        ),
    ]
