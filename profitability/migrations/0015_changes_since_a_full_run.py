from django.db import migrations

CHANGED = """
CREATE TABLE profitability_changed (
    customer_id bigint,
    noted_in xid8 NOT NULL DEFAULT pg_current_xact_id()
)
"""
# The functions go with their triggers: without the table no row could be written any more.
UNWATCHED = """
DO $do$ DECLARE name regproc; BEGIN
    FOR name IN SELECT oid::regproc FROM pg_proc WHERE proname LIKE 'changed\\_in\\_%' LOOP
        EXECUTE 'DROP FUNCTION ' || name || ' CASCADE';
    END LOOP;
END $do$
"""
# Megabytes that were made small already: the database need not try again.
LAID_ASIDE = """
CREATE TABLE profitability_laidaside (run_id bigint NOT NULL, part text NOT NULL, data bytea NOT NULL)
PARTITION BY LIST (run_id)
"""


class Migration(migrations.Migration):
    """Whose records changed is noted, and a full run lays its months aside for those that compute anew what changed."""

    dependencies = [("profitability", "0014_portfolio_of_runs")]

    operations = [
        migrations.RunSQL(CHANGED, reverse_sql=[UNWATCHED, "DROP TABLE profitability_changed"]),
        migrations.RunSQL(
            [LAID_ASIDE, "ALTER TABLE profitability_laidaside ALTER data SET STORAGE EXTERNAL"],
            reverse_sql="DROP TABLE profitability_laidaside",
        ),
    ]
