"""Customers that a file names for the first time, many at once."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Model
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
    """Move the staged customers into their table."""
    columns, values, parameters = inserted(blank, {name: f"coalesce({name}, '')" for name in STAGED})
    cursor.execute(
        f"INSERT INTO customers_customer ({columns}) SELECT {values} FROM import_customer ON CONFLICT DO NOTHING",
        parameters,
    )


def inserted(blank: Model, given: Mapping[str, str]) -> tuple[str, str, dict[str, Any]]:
    """Columns, values and parameters for an insert of many records.

    `given` are the columns that a file tells, with their SQL; whatever it does not tell is as in the blank record.
    """
    columns: list[str] = []
    values: list[str] = []
    parameters: dict[str, Any] = {}
    for field in blank._meta.concrete_fields:
        column = str(field.column)
        if field.primary_key or field.generated:
            continue
        if column in given:
            values.append(given[column])
        elif isinstance(value := getattr(blank, field.attname), DatabaseDefault):
            continue
        else:
            values.append(f"%({column})s")
            parameters[column] = field.get_db_prep_save(value, connection)
        columns.append(column)
    return ", ".join(columns), ", ".join(values), parameters
