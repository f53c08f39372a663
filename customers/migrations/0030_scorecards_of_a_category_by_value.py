from django.db import migrations

BY_VALUE = "category, lifetime_value DESC NULLS LAST, customer_id DESC"


class Migration(migrations.Migration):
    """Customers of a category are read by what they are worth as often as by what they earn."""

    dependencies = [("customers", "0029_all_faults_of_rejected_rows")]

    operations = [
        migrations.RunSQL(
            f"CREATE INDEX scorecard_by_category_value ON customers_scorecard ({BY_VALUE})",
            reverse_sql="DROP INDEX scorecard_by_category_value",
        )
    ]
