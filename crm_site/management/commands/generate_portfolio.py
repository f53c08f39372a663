"""Fill a database with an invented portfolio of any size, for benchmarks: a million customers take minutes.

The same numbers and seed give the same portfolio on the same day.
"""

import datetime as dt
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone

from crm_site.lib.trail.actions import unrecorded
from crm_site.management.data_command import DataCommand
from crm_site.portfolio import DAYS, STEPS, Portfolio, make_costing
from customers.models import Company, ContactMoment, Customer, Order, OrderLine

MOST_MONTHS = 240
FILLED = (Customer, Order, OrderLine, ContactMoment)


class Command(DataCommand):
    help = "Generate an invented portfolio for benchmarks: customers, orders, contact moments and a costing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, required=True, help="how many customers")
        parser.add_argument("--orders", type=int, required=True, help="how many orders")
        parser.add_argument("--lines", type=int, help="how many order lines (default: two and a half for each order)")
        parser.add_argument("--moments", type=int, help="how many contact moments (default: three for each customer)")
        parser.add_argument("--seed", type=int, default=1, help="another seed makes another portfolio (default: 1)")
        parser.add_argument("--months", type=int, default=24, help="over how many months (default: 24)")
        parser.add_argument("--force", action="store_true", help="add to a database that already has customers")

    def handle(self, *args: Any, **options: Any) -> None:
        portfolio = self._portfolio(options)
        if Customer.objects.exists() and not options["force"]:
            raise CommandError("There are customers already. Use an empty database, or --force to add invented ones.")
        with transaction.atomic(), unrecorded(), connection.cursor() as cursor:
            Company.objects.get_or_create(pk=1, defaults={"name": "Generated portfolio"})
            cursor.execute("SET LOCAL lock_timeout = '30s'")
            portfolio.prepare(cursor)
            with self._without_indexes(cursor):
                for label, statements in STEPS:
                    with self._timed(label):
                        for statement in statements:
                            cursor.execute(statement)
            with self._timed("costing"):
                make_costing(portfolio)
        with self._timed("vacuum"), connection.cursor() as cursor:
            cursor.execute(f"VACUUM (ANALYZE) {', '.join(model._meta.db_table for model in FILLED)}")

    def _portfolio(self, options: dict[str, Any]) -> Portfolio:
        customers, orders = options["customers"], options["orders"]
        lines = options["lines"] or orders * 5 // 2
        moments = 3 * customers if options["moments"] is None else options["moments"]
        if customers < 1 or orders < customers or lines < orders or moments < 0:
            raise CommandError("Give at least one customer, one order for each customer, and one line for each order.")
        if not 1 <= options["months"] <= MOST_MONTHS:
            raise CommandError(f"Give from 1 to {MOST_MONTHS} months.")
        return Portfolio(
            customers=customers,
            orders=orders,
            lines=lines,
            moments=moments,
            seed=options["seed"],
            last_day=timezone.localdate() - dt.timedelta(days=1),
            days=round(options["months"] * DAYS / 24),
        )

    @contextmanager
    def _timed(self, label: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.stdout.write(f"{label:<12} {time.monotonic() - started:7.1f} s")
        self.stdout.flush()

    @contextmanager
    def _without_indexes(self, cursor: Any) -> Iterator[None]:
        """Make indexes and foreign keys again afterwards: filling and checking them row by row takes far longer."""
        tables = [model._meta.db_table for model in FILLED]
        cursor.execute(
            """
            SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
                format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
            FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])
            UNION ALL
            SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
            FROM pg_index WHERE indrelid = ANY(%s::regclass[]) AND NOT indisunique
            """,
            [tables, tables],
        )
        dropped = cursor.fetchall()
        for drop, _ in dropped:
            cursor.execute(drop)
        yield
        with self._timed("indexes"):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for _, make in dropped:
                cursor.execute(make)
