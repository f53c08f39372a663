"""Names outside of the Latin alphabet can be searched: what is searched of customers who bear one is written anew.

Only rows with a letter beyond ASCII can differ.
"""

from typing import Any

from django.db import migrations

from customers.models.customer import search_columns

AT_ONCE = 5000
FIELDS = "reference, given_name, name, email, phone, city"
READ = f"""
SELECT id, sort_key, search_text, {FIELDS} FROM customers_customer
WHERE id > %s AND octet_length(concat({FIELDS})) <> char_length(concat({FIELDS})) ORDER BY id LIMIT {AT_ONCE}
"""
WRITE = """
UPDATE customers_customer AS customer SET sort_key = found.sort_key, search_text = found.search_text
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS found (id, sort_key, search_text) WHERE customer.id = found.id
"""


def write_anew(apps: Any, schema_editor: Any) -> None:
    last = 0
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(READ, [last])
            rows = cursor.fetchall()
            if not rows:
                return
            last = rows[-1][0]
            found = [(key, (sort_key, text), search_columns(*fields)) for key, sort_key, text, *fields in rows]
            changed = [(key, *now) for key, before, now in found if now != before]
            if changed:
                cursor.execute(WRITE, [list(column) for column in zip(*changed, strict=True)])


class Migration(migrations.Migration):
    dependencies = [("customers", "0017_what_counts_against_a_limit")]

    operations = [migrations.RunPython(write_anew, migrations.RunPython.noop)]
