from django.db import migrations


class Migration(migrations.Migration):
    """Sums of whole cents that stay bigint: `sum` would turn to numeric, which takes several times longer."""

    dependencies = [("profitability", "0004_company_level_and_overload")]

    operations = [
        migrations.RunSQL(
            "CREATE AGGREGATE sum_cents(bigint) "
            "(SFUNC = int8pl, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE)",
            reverse_sql="DROP AGGREGATE sum_cents(bigint)",
        )
    ]
