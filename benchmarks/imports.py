"""Imports of files against plain COPY of the same rows.

    python benchmarks/imports.py [--rows 100000] [--rounds 3] [--retail FILE] [--data-dir DIR]

Two floors, measured in the same round as the import:

bare   one COPY of the same file, decoded and without its header, into a new table of text columns with a primary key,
       which checks nothing and has no other index. Whatever keeps customers where people find them takes many times
       as long, however it gets there.
table  one COPY of the finished rows (read, checked and converted already, in PostgreSQL's binary format) into the real
       tables, with their indexes, computed columns, foreign keys and triggers, committed. These are the same rows in
       the same place: beyond it an import reads, checks, compares, reports, and notes the way back. The goal is judged
       by this one.

Imported are new customers, the same file once more (nothing to change, and so nothing to copy), the file with other
towns (every row changes; its floor copies the changed rows into the emptied table), and contact moments of these
customers; with --retail also the Online Retail file as it is, packed, as orders. Seconds are on the clock; behind
them, in brackets, stand the seconds of processor time of this process and of its PostgreSQL backend, which a busy
machine disturbs less. A database of its own is made below the data folder, and emptied of what the rounds left.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from customers.importing.report import ImportReport

ROOT = Path(__file__).parents[1]
GOAL = 0.25
TOWNS = ("Lyon", "Nice", "Orléans", "Besançon", "Saint-Étienne", "Lille")
NAMES = ("Aubert", "Bernard", "Chevalier", "Dumont", "Étienne", "Faure", "Girard", "Œuvrard", "Le Goff", "Zola")
GIVEN = ("Adèle", "Bruno", "Chloé", "Denis", "Élise", "Farid", "Gaëlle", "Hugo")
CUSTOMERS = [
    "reference", "name", "given_name", "email", "phone", "street", "postal_code", "city", "country", "birth_date",
]  # fmt: skip
FILLED = ("customers_customer", "customers_product", "customers_import", "trail_change", "profitability_changed")
MOMENTS = ["customer", "date", "touchpoint", "direction", "minutes", "summary"]


@dataclass(frozen=True)
class Taken:
    """Seconds on the clock, and of processor time of this process and of its backend of PostgreSQL."""

    clock: float
    python: float
    database: float

    @property
    def processor(self) -> float:
        return self.python + self.database


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What both floors and the import took, by round."""

    name: str
    rows: int
    bare: list[Taken]
    table: list[Taken]
    imports: list[Taken]

    def __str__(self) -> str:
        bare, imported = middle(self.bare), middle(self.imports)
        shown = f"{self.name:24} {self.rows:>9,} {bare.clock:6.2f} ({bare.processor:5.2f}) "
        if self.table:
            table = middle(self.table)
            shown += f"{table.clock:7.2f} ({table.processor:5.2f}) "
        else:
            shown += f"{'-':>7} {'-':>7} "
        shown += f"{imported.clock:7.2f} ({imported.python:5.2f} + {imported.database:5.2f}) "
        shown += f"{self.rows / imported.clock:9,.0f} {bare.clock / imported.clock:6.3f} "
        return shown + (ratios(table, imported) if self.table else f"{'-':>6}")


def middle(taken: list[Taken]) -> Taken:
    """The medians, each by itself."""
    return Taken(*(median(values) for values in zip(*((t.clock, t.python, t.database) for t in taken), strict=True)))


def ratios(floor: Taken, imported: Taken) -> str:
    return f"{floor.clock / imported.clock:6.3f} ({floor.processor / imported.processor:5.3f})"


HEAD = (
    f"{'':24} {'rows':>9} {'bare':>6} {'(proc.)':>7} {'table':>7} {'(proc.)':>7} {'import':>7} (Python + database)"
    f" {'rows/s':>6} {'÷bare':>6} ÷table (proc.)   goal ÷table {GOAL}"
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--retail", type=Path)
    options.add_argument("--data-dir", type=Path, default=ROOT / "var" / "benchmarks" / "imports")
    chosen = options.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ |= {"CRM_DATA_DIR": str(chosen.data_dir), "DJANGO_SETTINGS_MODULE": "crm_site.settings"}
    import django  # noqa: PLC0415  the environment says where its database is

    from crm_site import embedded  # noqa: PLC0415

    print(f"load averages before: {' '.join(f'{load:.2f}' for load in os.getloadavg())}")
    with embedded.servers(embedded.data_dir(), database=True, broker=False):
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        print(HEAD)
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), chosen.rows, chosen.rounds, chosen.retail)
    print(f"load averages after: {' '.join(f'{load:.2f}' for load in os.getloadavg())}")


def measure(folder: Path, rows: int, rounds: int, retail: Path | None) -> None:
    """Every measurement, each printed when it is done."""
    from customers.import_actions import import_orders, import_people  # noqa: PLC0415
    from customers.importing.subjects import Wish  # noqa: PLC0415

    new, changed, moments = folder / "customers.csv", folder / "changed.csv", folder / "moments.csv"
    write(new, CUSTOMERS, customers(rows, 0))
    write(changed, CUSTOMERS, customers(rows, 1))
    write(moments, MOMENTS, contact_moments(rows))

    def people(path: Path, kind: str) -> Callable[[], ImportReport]:
        return lambda: import_people(path=path, wish=Wish(kind))

    floor = ("customers_customer",)
    print(repeated("new customers", new, people(new, "customers"), rounds, before=empty, tables=floor), flush=True)
    print(repeated("the same once more", new, people(new, "customers"), rounds), flush=True)
    restore = people(new, "customers")
    work = people(changed, "customers")
    print(repeated("every customer changed", changed, work, rounds, before=restore, tables=floor), flush=True)
    floor = ("customers_contactmoment",)
    work = people(moments, "contact-moments")
    print(repeated("new contact moments", moments, work, rounds, before=empty_moments, tables=floor), flush=True)
    if retail:
        with gzip.open(retail, "rt", encoding="utf-8") as packed:
            plain = folder / "retail.csv"
            plain.write_text(packed.read(), encoding="utf-8")
        floor = ("customers_customer", "customers_product", "customers_order", "customers_orderline")
        print(
            repeated(
                "Online Retail as orders", plain, lambda: import_orders(path=retail), 1, before=empty, tables=floor
            )
        )
    empty()


def repeated(
    name: str,
    path: Path,
    work: Callable[[], ImportReport],
    rounds: int,
    *,
    before: Callable[[], object] = lambda: None,
    tables: Sequence[str] = (),
) -> Measured:
    """The floors and the import, so many times; what prepares a round does not count."""
    rows, bare, table, imports = 0, [], [], []
    for _ in range(rounds):
        before()
        rows, taken = plain_copy(path)
        bare.append(taken)
        began = now()
        report = work()
        imports.append(since(began))
        assert (report.rows, report.rejected) == (rows, 0), report
        if tables:
            table.append(copy_into_tables(path.parent, tables))
    return Measured(name=name, rows=rows, bare=bare, table=table, imports=imports)


def now() -> Taken:
    """The clocks."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    # Where there is no such file the time of the backend is not known, and counts for nothing.
    ticks = sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])) if stat.exists() else 0
    return Taken(time.perf_counter(), time.process_time(), ticks / os.sysconf("SC_CLK_TCK"))


def since(began: Taken) -> Taken:
    ended = now()
    return Taken(ended.clock - began.clock, ended.python - began.python, ended.database - began.database)


def plain_copy(path: Path) -> tuple[int, Taken]:
    """COPY the file into a bare table with a primary key: rows, and what that took."""
    from django.db import connection, transaction  # noqa: PLC0415

    with open(path, encoding="utf-8", newline="") as file:
        header = next(csv.reader(io.StringIO(file.readline())))
        columns = ", ".join(f'"{name}" text' for name in header)
        names = ", ".join(f'"{name}"' for name in header)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE bare (id bigserial PRIMARY KEY, {columns})")
            began = now()
            cursor.copy_expert(f"COPY bare ({names}) FROM STDIN (FORMAT csv)", file)
            rows, taken = cursor.rowcount, since(began)
            transaction.set_rollback(True)
    return rows, taken


def copy_into_tables(folder: Path, tables: Sequence[str]) -> Taken:
    """Put away what stands in these tables, and COPY it into them once more; they are left as they were."""
    from django.db import connection, transaction  # noqa: PLC0415

    with connection.cursor() as cursor:
        names = {table: ", ".join(kept_columns(table)) for table in tables}
        for table in tables:
            with open(folder / table, "wb") as file:
                cursor.copy_expert(
                    f"COPY (SELECT {names[table]} FROM {table} ORDER BY id) TO STDOUT (FORMAT binary)", file
                )
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        began = now()
        with transaction.atomic():
            for table in tables:
                with open(folder / table, "rb") as file:
                    cursor.copy_expert(f"COPY {table} ({names[table]}) FROM STDIN (FORMAT binary)", file)
        return since(began)


def kept_columns(table: str) -> list[str]:
    """The columns of a table that are not computed from others."""
    from django.apps import apps  # noqa: PLC0415

    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    return [f'"{field.column}"' for field in model._meta.concrete_fields if not field.generated]


def empty() -> None:
    """Everything that rounds have left; one touchpoint for the contact moments to come."""
    from django.db import connection  # noqa: PLC0415

    from customers.models import Touchpoint  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(FILLED)} CASCADE")
    Touchpoint.objects.get_or_create(name="Service call", channel="phone")


def empty_moments() -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_contactmoment CASCADE")


# --- Files ------------------------------------------------------------------------------------------------------------


def write(path: Path, header: list[str], rows: Iterator[list[str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def customers(count: int, moved: int) -> Iterator[list[str]]:
    """Customers who differ from each other; `moved` sends each to another town."""
    chance = random.Random(1)
    for n in range(count):
        name, given = chance.choice(NAMES), chance.choice(GIVEN)
        town = TOWNS[(chance.randrange(len(TOWNS)) + moved) % len(TOWNS)]
        born = f"{chance.randint(1940, 2005)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        yield [
            f"K{n:07}", f"{name}{n % 977}", given, f"k{n}@example.com", f"+33 6 {n % 100:02} {n // 100:06}",
            f"{n % 200} rue Haute", f"{chance.randint(1000, 95999):05}", town, "France", born,
        ]  # fmt: skip


def contact_moments(count: int) -> Iterator[list[str]]:
    chance = random.Random(2)
    for n in range(count):
        at = f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02} {n % 24:02}:{n % 60:02}"
        minutes = str(chance.randint(1, 60))
        yield [f"K{chance.randrange(count):07}", at, "Service call", "inbound", minutes, f"Asked for order {n}."]


if __name__ == "__main__":
    main()
