"""Which product family each customer spends most on: asked of all order lines at once, written where it changed."""

from django.db import connection

from customers.models import Run
from profitability.models import MainFamily, PeriodRanking

TABLE = MainFamily._meta.db_table
# Sales less returns, as the matrix counts them; equal families by number, so that the answer is always the same.
MAIN = """
    SELECT DISTINCT ON (customer_id) customer_id, family_id FROM (
        SELECT o.customer_id, p.family_id, sum(l.gross - l.discount) AS net
        FROM customers_orderline l
        JOIN customers_order o ON o.id = l.order_id
        JOIN customers_product p ON p.id = l.product_id
        WHERE o.customer_id IS NOT NULL AND p.family_id IS NOT NULL AND p.kind = 'goods' AND o.ordered_on <= %(as_of)s
        GROUP BY o.customer_id, p.family_id
    ) sums ORDER BY customer_id, net DESC, family_id
"""


def renew_main_families(*, run: Run) -> None:
    """Once for each run, before its first ranking is added up by group (1 query, most often; else 4 statements)."""
    if PeriodRanking.objects.filter(run=run, computed_at__isnull=False).exists():
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.main_families")
        cursor.execute(f"CREATE TEMPORARY TABLE main_families ON COMMIT DROP AS {MAIN}", {"as_of": run.as_of})
        cursor.execute("ANALYZE main_families")
        cursor.execute(
            f"INSERT INTO {TABLE} AS kept (customer_id, family_id) SELECT customer_id, family_id FROM main_families "
            "ON CONFLICT (customer_id) DO UPDATE SET family_id = excluded.family_id "
            "WHERE kept.family_id <> excluded.family_id"
        )
        cursor.execute(
            f"DELETE FROM {TABLE} kept "
            "WHERE NOT EXISTS (SELECT FROM main_families found WHERE found.customer_id = kept.customer_id)"
        )
