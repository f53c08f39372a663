"""Import orders from a file: `manage.py import_orders FILE [--mapping …] [--dry-run] [--json] [--rejections FILE]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _

from crm_site.management.import_command import ImportCommand
from customers.import_actions import IMPORT_ORDERS, import_orders
from customers.importing.report import ImportReport
from customers.importing.staging import Unwatched


class Command(ImportCommand):
    help = (
        "Import orders from a CSV file (also .gz) or a workbook (XLSX). Good rows are kept, bad ones reported; "
        "repeating it adds nothing."
    )
    job = IMPORT_ORDERS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="CSV file with a header line, or a CDNOW file, packed with gzip or not; or XLSX"
        )
        parser.add_argument(
            "--mapping",
            default="auto",
            help="auto (told by the header), cdnow, online-retail, or columns one by one: "
            "customer=CustomerRef,date=Day,quantity=Qty,unit_price=Price; with options such as dates=dmy,decimal=comma",
        )
        self.add_shared_arguments(parser)

    def run_import(self, options: dict[str, Any], watch: Unwatched, rejections: TextIO | None) -> ImportReport:
        return import_orders(
            path=options["file"],
            mapping=options["mapping"],
            dry_run=options["dry_run"],
            watch=watch,
            rejections=rejections,
        )

    def figures(self, report: ImportReport) -> list[tuple[str, int]]:
        return [
            (_("accepted"), report.accepted),
            (_("rejected"), report.rejected),
            (_("skipped, here already"), report.skipped),
            (_("new orders"), report.orders),
            (_("new customers"), report.customers),
            (_("new products"), report.products),
        ]
