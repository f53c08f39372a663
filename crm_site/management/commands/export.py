"""Write figures to a file for other programs: `manage.py export ranking --format xlsx --period 2026-q3 -o FILE`."""

import csv
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, Any

from django.core.management.base import CommandError

from crm_site.lib.export import Sheet, csv_value, write_xlsx
from crm_site.management.data_command import DataCommand
from customers.models import Run, Scorecard
from profitability.matrix_actions import compute_matrix
from profitability.matrix_totals import MatrixTotals
from profitability.models import PeriodRanking, ProductMatrix
from profitability.period_actions import compute_ranking
from profitability.periods import period_named
from profitability.reports.groups import figures_of
from profitability.reports.matrix import named_matrices
from profitability.tables.matrix import LONG, long_rows

ROWS_AT_ONCE = 10_000
WHO = {"reference": "customer__reference", "given_name": "customer__given_name", "name": "customer__name"}
RANKING = {
    **WHO,
    "net_revenue": "net_revenue",
    "profit": "profit",
    "rank": "rank",
    "cumulative_share": "cumulative_share",
    "category": "category",
    "lifetime_value": "lifetime_value",
}
PROFIT = {
    **WHO,
    "orders": "orders",
    "net_revenue": "net_revenue",
    "gross_margin": "gross_margin",
    "cost_to_serve": "cost_to_serve",
    "direct_costs": "direct_costs",
    "profit": "profit",
}
LIFETIME_VALUES = {
    **WHO,
    "lifetime_value": "lifetime_value",
    "lifetime_value_low": "lifetime_value_low",
    "lifetime_value_high": "lifetime_value_high",
    "lifetime_value_note": "lifetime_value_note",
    "expected_orders": "expected_orders",
    "probability_alive": "probability_alive",
}
KINDS = {
    "cumulative_share": "percent",
    "probability_alive": "percent",
    **dict.fromkeys(("rank", "category", "orders", "expected_orders"), "number"),
}
TEXTS = frozenset({"reference", "name", "lifetime_value_note"})


@dataclass(frozen=True)
class Export:
    """Something that can be exported: its columns, and the order of its rows."""

    columns: Mapping[str, str]
    order: tuple[str, ...]
    by_period: bool = True

    @property
    def headings(self) -> list[str]:
        return [name for name in self.columns if name != "given_name"]


MATRIX = "matrix"
EXPORTS = {
    "ranking": Export(RANKING, ("rank",)),
    "profit": Export(PROFIT, ("-profit", "customer_id")),
    "lifetime-values": Export(LIFETIME_VALUES, ("-lifetime_value", "customer_id"), by_period=False),
}


class Command(DataCommand):
    help = (
        "Exports the ranking, the profit or the lifetime value of all ranked customers, or the customer × product "
        "matrix, as the current figures have it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=[*EXPORTS, MATRIX])
        parser.add_argument("--format", choices=["csv", "xlsx", "json"], default="csv")
        parser.add_argument(
            "--period", default="", help="2026, 2026-q3, 2026-07 or 12m (the last twelve months); all months without"
        )
        parser.add_argument("-o", "--output", type=Path, help="file to write; standard output without it")

    def handle(self, *args: Any, **options: Any) -> None:
        run = Run.objects.current()
        if run is None:
            raise CommandError("There are no figures yet. Run `manage.py recompute --wait` first.")
        output, period = options["output"], options.get("period") or ""
        if options["what"] == MATRIX:
            what, rows = Export({name: name for name in LONG}, ()), matrix_rows(run, period)
        else:
            what = EXPORTS[options["what"]]
            rows = self._told_when_empty(rows_of(run, what, period))
        try:
            if options["format"] == "xlsx":
                self._workbook(options["what"], what, rows, output)
            else:
                write = write_csv if options["format"] == "csv" else write_json
                with destination(output) as file:
                    write(what, rows, file)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error

    def _told_when_empty(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The rows; where there are none the file has headings only, and whoever asked is told."""
        first = next(rows, None)
        if first is None:
            self.stderr.write("No customer is ranked in this period: the file has no rows.")
            return iter(())
        return chain([first], rows)

    def _workbook(self, name: str, what: Export, rows: Iterator[dict[str, Any]], output: Path | None) -> None:
        if output is None:
            raise CommandError("A workbook needs a file: give one with -o.")
        known = LONG if name == MATRIX else KINDS
        kinds = [known.get(heading, "text" if heading in TEXTS else "money") for heading in what.headings]
        with draft_of(output) as draft, draft.open("wb") as file:
            write_xlsx(Sheet(name, what.headings, kinds, (list(row.values()) for row in rows)), file)


def rows_of(run: Run, what: Export, period: str) -> Iterator[dict[str, Any]]:
    """Every ranked customer of a period, a few thousand in memory at a time. Raises CommandError."""
    found = period_named(period, as_of=run.as_of)
    if found is None:
        raise CommandError(
            f"There is no period {period!r}. Give a year, a quarter as 2026-q3, a month as 2026-07, or 12m."
        )
    if found.is_lifetime:
        figures: Any = run.with_shares(Scorecard.objects.ranked_in(run))
    elif not what.by_period:
        raise CommandError("Lifetime values belong to no period: leave --period out.")
    else:
        ranking, _created = PeriodRanking.objects.get_or_create(run=run, since=found.since, until=found.until)
        figures = figures_of(compute_ranking(ranking_id=ranking.pk))
    return named_rows(figures.order_by(*what.order), what)


def matrix_rows(run: Run, period: str) -> Iterator[dict[str, Any]]:
    """Every cell of every matrix of the run, groups and products by name. Raises CommandError."""
    if period:
        raise CommandError("The matrix is that of all months: leave --period out.")
    ProductMatrix.objects.get_or_create(run=run)
    return long_rows(named_matrices(MatrixTotals.from_json(compute_matrix(run_id=run.pk).totals)))


def named_rows(figures: Any, what: Export) -> Iterator[dict[str, Any]]:
    """The rows with the names of their columns (1 query)."""
    for row in figures.values_list(*what.columns.values()).iterator(ROWS_AT_ONCE):
        customer = dict(zip(what.columns, row, strict=True))
        customer["name"] = f"{customer.pop('given_name')} {customer['name']}".strip()
        yield customer


def write_csv(what: Export, rows: Iterator[dict[str, Any]], file: IO[str]) -> None:
    """Names of people are guarded, so that no spreadsheet takes one for a formula."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(what.headings)
    writer.writerows([csv_value(value) for value in row.values()] for row in rows)


def write_json(what: Export, rows: Iterator[dict[str, Any]], file: IO[str]) -> None:
    """A list of objects, one on each line."""
    file.write("[")
    for number, row in enumerate(rows):
        plain = {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}
        file.write(("," if number else "") + "\n" + json.dumps(plain, ensure_ascii=False))
    file.write("\n]\n")


@contextmanager
def destination(path: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that appears under its name only when it is complete."""
    if path is None:
        yield sys.stdout
        return
    with draft_of(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A file beside another, which it becomes when all of it was written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
