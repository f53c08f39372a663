from django.db import migrations

PARTS = ("category", "stage")


class Migration(migrations.Migration):
    """A category or stage is listed by profit in the order that every list uses: empty values last."""

    dependencies = [("customers", "0005_consent_is_append_only")]

    operations = [
        migrations.RunSQL(
            [f"DROP INDEX scorecard_by_{part}" for part in PARTS]
            + [
                f"CREATE INDEX scorecard_by_{part} ON customers_scorecard "
                f"({part}, profit DESC NULLS LAST, customer_id DESC)"
                for part in PARTS
            ],
            reverse_sql=[f"DROP INDEX scorecard_by_{part}" for part in PARTS]
            + [
                f"CREATE INDEX scorecard_by_{part} ON customers_scorecard ({part}, profit DESC, customer_id DESC)"
                for part in PARTS
            ],
        ),
    ]
