"""Imports of files against plain COPY of the same rows.

    python benchmarks/imports.py [--rows 100000] [--rounds 3] [--retail FILE] [--data-dir DIR]

The floor of each measurement is one COPY of the same file, decoded and without its header, into a bare table of text
columns with a primary key, which checks nothing. Imported are new customers, the same file once more (nothing to
change), the file with other towns (every row changes), and contact moments of these customers; with --retail also the
Online Retail file as it is, packed, as orders. A database of its own is made below the data folder, and emptied of what
the rounds left.
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
from collections.abc import Callable, Iterator
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
MOMENTS = ["customer", "date", "touchpoint", "direction", "minutes", "summary"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds of the floor and of the import, by round."""

    name: str
    rows: int
    floors: list[float]
    imports: list[float]

    def __str__(self) -> str:
        floor, imported = median(self.floors), median(self.imports)
        return (
            f"{self.name:34} {self.rows:>9,} {floor:8.2f} {imported:8.2f} {self.rows / imported:11,.0f}"
            f" {floor / imported:8.3f}"
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
        print(f"{'':34} {'rows':>9} {'COPY s':>8} {'import s':>8} {'rows / s':>11} {'ratio':>8}   goal {GOAL}")
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

    print(repeated("new customers", new, people(new, "customers"), rounds, before=empty))
    print(repeated("the same once more", new, people(new, "customers"), rounds), flush=True)
    restore = people(new, "customers")
    print(repeated("every customer changed", changed, people(changed, "customers"), rounds, before=restore), flush=True)
    print(repeated("new contact moments", moments, people(moments, "contact-moments"), rounds, before=empty_moments))
    if retail:
        with gzip.open(retail, "rt", encoding="utf-8") as packed:
            plain = folder / "retail.csv"
            plain.write_text(packed.read(), encoding="utf-8")
        print(repeated("Online Retail as orders", plain, lambda: import_orders(path=retail), 1, before=empty))
    empty()


def repeated(
    name: str, path: Path, work: Callable[[], ImportReport], rounds: int, *, before: Callable[[], object] = lambda: None
) -> Measured:
    """The floor and the import, so many times; what prepares a round does not count."""
    floors, imports, rows = [], [], 0
    for _ in range(rounds):
        before()
        rows, seconds = plain_copy(path)
        floors.append(seconds)
        began = time.perf_counter()
        report = work()
        imports.append(time.perf_counter() - began)
        assert (report.rows, report.rejected) == (rows, 0), report
    return Measured(name=name, rows=rows, floors=floors, imports=imports)


def plain_copy(path: Path) -> tuple[int, float]:
    """COPY the file into a bare table with a primary key: rows and seconds."""
    from django.db import connection, transaction  # noqa: PLC0415

    with open(path, encoding="utf-8", newline="") as file:
        header = next(csv.reader(io.StringIO(file.readline())))
        columns = ", ".join(f'"{name}" text' for name in header)
        names = ", ".join(f'"{name}"' for name in header)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE bare (id bigserial PRIMARY KEY, {columns})")
            began = time.perf_counter()
            cursor.copy_expert(f"COPY bare ({names}) FROM STDIN (FORMAT csv)", file)
            rows, seconds = cursor.rowcount, time.perf_counter() - began
            transaction.set_rollback(True)
    return rows, seconds


def empty() -> None:
    """Everything that rounds have left; one touchpoint for the contact moments to come."""
    from django.db import connection  # noqa: PLC0415

    from customers.models import Touchpoint  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_customer, customers_product, customers_import CASCADE")
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
