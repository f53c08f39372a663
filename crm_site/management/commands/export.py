"""Write figures to a file for other programs: `manage.py export ranking --format csv|json -o FILE`."""

import csv
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from crm_site.lib.export import csv_value
from customers.models import Run, Scorecard

ROWS_AT_ONCE = 10_000
RANKING = {
    "reference": "customer__reference",
    "given_name": "customer__given_name",
    "name": "customer__name",
    "net_revenue": "net_revenue",
    "profit": "profit",
    "rank": "rank",
    "cumulative_share": "cumulative_share",
    "category": "category",
    "lifetime_value": "lifetime_value",
}


class Command(BaseCommand):
    help = "Exports the ranking of all customers by profit, as the current figures have it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["ranking"])
        parser.add_argument("--format", choices=["csv", "json"], default="csv")
        parser.add_argument("-o", "--output", type=Path, help="file to write; standard output without it")

    def handle(self, *args: Any, **options: Any) -> None:
        run = Run.objects.current()
        if run is None:
            raise CommandError("There are no figures yet. Run `manage.py recompute --wait` first.")
        write = write_csv if options["format"] == "csv" else write_json
        try:
            with destination(options["output"]) as file:
                write(ranking(run), file)
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be written: {error.strerror}.") from error


def ranking(run: Run) -> Iterator[dict[str, Any]]:
    """Every ranked customer, best first, a few thousand in memory at a time (1 query)."""
    cards = Scorecard.objects.filter(run=run, rank__isnull=False).order_by("rank")
    for row in cards.values_list(*RANKING.values()).iterator(ROWS_AT_ONCE):
        customer = dict(zip(RANKING, row, strict=True))
        customer["name"] = f"{customer.pop('given_name')} {customer['name']}".strip()
        yield customer


def write_csv(rows: Iterator[dict[str, Any]], file: TextIO) -> None:
    """Names of people are guarded, so that no spreadsheet takes one for a formula."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([name for name in RANKING if name != "given_name"])
    writer.writerows([csv_value(value) for value in row.values()] for row in rows)


def write_json(rows: Iterator[dict[str, Any]], file: TextIO) -> None:
    """A list of objects, one on each line."""
    file.write("[")
    for number, row in enumerate(rows):
        plain = {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}
        file.write(("," if number else "") + "\n" + json.dumps(plain, ensure_ascii=False))
    file.write("\n]\n")


@contextmanager
def destination(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears under its name only when it is complete."""
    if path is None:
        yield sys.stdout
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
