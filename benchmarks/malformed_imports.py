"""Imports of damaged files: no crash, every row accounted for, every fault of every rejection explained.

    python benchmarks/malformed_imports.py [--rows 100000] [--seed 1] [--data-dir DIR]

Files of orders, customers, contact persons and contact moments are made by chance from a seed, in UTF-8 with and
without a BOM, in UTF-16 and in cp1252. About seven rows of ten are damaged: NUL, BOM and right-to-left marks within
cells, wrong numbers of cells, quotation marks that stay open, mixed line ends, formulas, numbers and dates that are
none, cells of a megabyte. Each file must end in a report whose accepted, rejected and skipped rows are all its rows,
and each rejection must be kept with its line, a reason and a remedy in both languages, the row as it stood, and the
column and value to blame: only a line beyond all bounds, which is not read, has no column, and only an empty cell no
value. Ends with status 1 where one of that fails.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from customers.importing.report import Fault, ImportReport
    from customers.models import ImportRejection

ROOT = Path(__file__).parents[1]
# Of so damaged a file in cp1252 it cannot be told by itself what it is in.
ENCODINGS = {"utf-8": "", "utf-8-sig": "", "utf-16": "", "cp1252": "encoding=cp1252"}
KINDS = ("orders", "customers", "contact-persons", "contact-moments")
MEGABYTES = 5
OF_THE_LINE = {"cell_too_long"}
# The last: a row without a customer, in an order that has one.
OF_AN_EMPTY_CELL = {"missing_value", "no_key", "order_contradiction"}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=100_000, help="of all files together")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--data-dir", type=Path, default=ROOT / "var" / "benchmarks" / "imports")
    chosen = options.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ |= {"CRM_DATA_DIR": str(chosen.data_dir), "DJANGO_SETTINGS_MODULE": "crm_site.settings"}
    import django  # noqa: PLC0415  the environment says where its database is

    from crm_site import embedded  # noqa: PLC0415

    with embedded.servers(embedded.data_dir(), database=True, broker=False):
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        with tempfile.TemporaryDirectory() as folder:
            faults = check_all(Path(folder), chosen.rows // (len(KINDS) * len(ENCODINGS)), chosen.seed)
    for fault, times in faults.most_common():
        print(f"{times:>9,} × {fault}")
    print("Every row is accounted for, and every rejection explained." if not faults else "FAILED")
    sys.exit(bool(faults))


def check_all(folder: Path, rows: int, seed: int) -> Counter[str]:
    """A file of each kind in each encoding; what was wrong with their imports, and how often."""
    from customers.tests.malformed import write_malformed  # noqa: PLC0415

    print(f"{'':16} {'':10} {'rows':>8} {'accepted':>8} {'rejected':>8} {'skipped':>8} {'reasons':>8} {'seconds':>8}")
    faults: Counter[str] = Counter()
    for kind in KINDS:
        for encoding, option in ENCODINGS.items():
            empty()
            path = folder / "damaged.csv"
            write_malformed(path, kind, rows, seed=seed, encoding=encoding, megabytes=MEGABYTES)
            began = time.perf_counter()
            try:
                report = imported(path, kind, option)
            except Exception as error:  # noqa: BLE001  whatever it is, it is what this looks for
                faults[f"{kind} in {encoding}: {error!r:.300}"] += 1
                continue
            took = time.perf_counter() - began
            print(
                f"{kind:16} {encoding:10} {report.rows:8,} {report.accepted:8,} {report.rejected:8,} "
                f"{report.skipped:8,} {len(report.reasons):8} {took:8.1f}",
                flush=True,
            )
            faults.update(faults_in(report, path, encoding, rows))
    empty()
    return faults


def imported(path: Path, kind: str, option: str) -> ImportReport:
    from customers.import_actions import import_orders, import_people  # noqa: PLC0415
    from customers.importing.subjects import Wish  # noqa: PLC0415

    if kind == "orders":
        return import_orders(path=path, mapping=f"auto,decimal=point,dates=dmy,{option}".rstrip(","))
    return import_people(path=path, wish=Wish(kind), mapping=f"auto,{option}".rstrip(","))


def faults_in(report: ImportReport, path: Path, encoding: str, written: int) -> list[str]:
    """What is missing in the report of an import and in its rejections."""
    from customers.models import ImportRejection  # noqa: PLC0415

    faults = []
    if report.accepted + report.rejected + report.skipped != report.rows:
        faults.append("rows that are neither accepted nor rejected nor skipped")
    # An open quotation mark gives back the lines that it swallowed, and blank lines are no rows.
    if report.rows != written:
        faults.append(f"{report.rows} rows instead of {written}")
    kept = list(ImportRejection.objects.filter(source=report.import_id))
    if len(kept) != report.rejected:
        faults.append("rejections that were not kept")
    with open(path, encoding=encoding, newline=None) as file:
        lines = sum(1 for _ in file)
    return faults + [fault for rejection in kept for fault in unexplained(rejection, lines)]


def unexplained(rejection: ImportRejection, lines: int) -> list[str]:
    """What a rejection does not tell."""
    from customers.importing.report import faults_of  # noqa: PLC0415

    missing = [] if rejection.cells else [f"{rejection.reason}: the row is not kept"]
    if not 2 <= rejection.line <= lines:
        missing.append(f"{rejection.reason}: line {rejection.line} of {lines}")
    told = faults_of([rejection])
    if len({(fault.column, fault.reason) for fault in told}) < len(told):
        missing.append(f"{rejection.reason}: told twice")
    return missing + [words for fault in told for words in untold(fault)]


def untold(fault: Fault) -> list[str]:
    """What a fault of a row does not tell."""
    from django.utils.translation import override  # noqa: PLC0415

    from customers.importing.problems import REASONS  # noqa: PLC0415

    if fault.reason not in REASONS:
        return [f"no sentence for {fault.reason}"]
    missing = []
    for language in ("en", "fr"):
        with override(language):
            if not (fault.sentence and fault.remedy):
                missing.append(f"{fault.reason}: no sentence or remedy in {language}")
    if not fault.column and fault.reason not in OF_THE_LINE:
        missing.append(f"{fault.reason}: no column")
    if not fault.value and fault.reason not in OF_THE_LINE | OF_AN_EMPTY_CELL:
        missing.append(f"{fault.reason}: no value")
    return missing


def empty() -> None:
    """What other files have left; what these refer to."""
    from django.db import connection  # noqa: PLC0415

    from customers.models import Customer, Touchpoint  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_customer, customers_product, customers_import CASCADE")
    Touchpoint.objects.get_or_create(name="Service call", channel="phone")
    Customer(reference="F1", kind="company", name="Aubert").save()
    for n in range(0, 500, 7):
        Customer(reference=f"K{n}", name=f"Aubert {n}").save()


if __name__ == "__main__":
    main()
