from django.db import migrations

COLUMNS = ("customer_id", "rank")
TABLE = "profitability_periodfigure"


class Migration(migrations.Migration):
    """Tell the database that no two rows of a ranking share a customer or a rank, as of those of a run."""

    dependencies = [("profitability", "0021_scenarios_shared_with_all")]

    operations = [
        migrations.RunSQL(
            [
                *(f"ALTER TABLE {TABLE} ALTER {name} SET (n_distinct_inherited = -1)" for name in COLUMNS),
                f"ANALYZE {TABLE} ({', '.join(COLUMNS)})",
            ],
            reverse_sql=[f"ALTER TABLE {TABLE} ALTER {name} RESET (n_distinct_inherited)" for name in COLUMNS],
        ),
    ]
