"""Customers that a file names for the first time, many at once."""

import csv
import io
from typing import Any

from django.db import connection
from django.db.models.expressions import DatabaseDefault

from customers.importing.statements import COPY_CUSTOMERS, READ_CUSTOMERS
from customers.models.customer import Customer
from customers.models.imports import Import

AT_ONCE = 10_000
STAGED = ("reference", "name", "country", "sort_key", "search_text")


def add_customers(cursor: Any, source: Import) -> None:
    """Create the customers of the table `import_new_customer`; one without a name is called by its reference."""
    customer = Customer()
    with connection.chunked_cursor() as names:
        names.execute(READ_CUSTOMERS)
        while rows := names.fetchmany(AT_ONCE):
            text = io.StringIO()
            write = csv.writer(text).writerow
            for customer.reference, customer.name, customer.country in rows:
                customer.fill_search_columns()
                write([getattr(customer, name) for name in STAGED])
            text.seek(0)
            cursor.copy_expert(COPY_CUSTOMERS, text)
    _insert(cursor, Customer(source_import=source))


def _insert(cursor: Any, blank: Customer) -> None:
    """Move the staged customers into their table; whatever a file does not tell is as in a new, empty customer."""
    columns: list[str] = []
    values: dict[str, Any] = {}
    for field in Customer._meta.concrete_fields:
        if field.primary_key or field.generated or isinstance(getattr(blank, field.attname), DatabaseDefault):
            continue
        column = str(field.column)
        columns.append(column)
        if field.name not in STAGED:
            values[column] = field.get_db_prep_save(getattr(blank, field.attname), connection)
    listed = ", ".join(columns)
    read = ", ".join(f"%({column})s" if column in values else f"coalesce({column}, '')" for column in columns)
    cursor.execute(
        f"INSERT INTO customers_customer ({listed}) SELECT {read} FROM import_customer ON CONFLICT DO NOTHING", values
    )
