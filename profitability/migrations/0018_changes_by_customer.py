from django.db import migrations


class Migration(migrations.Migration):
    """Pages that mark outdated figures find what was noted of their customers, however much a large import noted."""

    dependencies = [("profitability", "0017_published_costings_are_not_emptied")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX profitability_changed_by_customer ON profitability_changed (customer_id)",
            reverse_sql="DROP INDEX profitability_changed_by_customer",
        ),
    ]
