"""Import customers, contact persons or contact moments: `manage.py import_customers FILE [--kind …] [--key …] …`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _

from crm_site.management.import_command import ImportCommand
from customers.import_actions import IMPORT_PEOPLE, import_people
from customers.importing.report import ImportReport
from customers.importing.staging import Unwatched
from customers.importing.subjects import Wish
from customers.models import Import

KINDS = [kind for kind in Import.Kind.values if kind != Import.Kind.ORDERS]


class Command(ImportCommand):
    help = (
        "Import customers, contact persons or contact moments from a CSV file (also .gz) or a workbook (XLSX). "
        "Good rows are kept, bad ones reported; repeating it changes nothing."
    )
    job = IMPORT_PEOPLE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV file with a header line, packed with gzip or not, or XLSX")
        parser.add_argument("--kind", choices=KINDS, default=Import.Kind.CUSTOMERS.value, help="what the file holds")
        parser.add_argument("--mode", choices=Import.Mode.values, default=Import.Mode.BOTH.value)
        parser.add_argument(
            "--key",
            choices=Import.Key.values,
            default=Import.Key.REFERENCE.value,
            help="by what customers are recognised who are here already",
        )
        parser.add_argument(
            "--mapping",
            default="auto",
            help="auto (told by the header), or columns one by one, by name or place: "
            "reference=Code,name=#2,email=Courriel; with options such as dates=dmy,decimal=comma",
        )
        self.add_shared_arguments(parser)

    def run_import(self, options: dict[str, Any], watch: Unwatched, rejections: TextIO | None) -> ImportReport:
        return import_people(
            path=options["file"],
            wish=Wish(options["kind"], options["mode"], options["key"]),
            mapping=options["mapping"],
            dry_run=options["dry_run"],
            watch=watch,
            rejections=rejections,
        )

    def figures(self, report: ImportReport) -> list[tuple[str, int]]:
        return [
            (_("added"), report.created),
            (_("changed"), report.updated),
            (_("skipped, here already"), report.skipped),
            (_("rejected"), report.rejected),
        ]
