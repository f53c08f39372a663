"""The tables and files of amounts of cost pools: all of them, an example, and the rows of a file to be mended."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm_site.lib.cells import number_cell
from crm_site.lib.components import Cell, Column, Row, Table
from crm_site.lib.export import Sheet, csv_manner
from profitability.amount_files import AmountFile, RowFault
from profitability.models import Costing, CostPool, CostPoolAmount

EXAMPLES = 3


def faults_table(faults: Sequence[RowFault]) -> Table:
    """The rows of a file that could not be taken."""
    return Table(
        caption=_("Rows that could not be taken"),
        columns=[
            Column(_("Line"), "number", align="start"),
            Column(_("Column")),
            Column(_("Contents")),
            Column(_("What is wrong")),
        ],
        rows=[
            Row([number_cell(fault.line), Cell(fault.column or "—"), Cell(fault.value or "—"), Cell(fault.reason)])
            for fault in faults
        ],
    )


def amounts_sheet(costing: Costing) -> Sheet:
    """What every cost pool cost in every month, in columns that can be imported again (1 query when it is written)."""
    amounts = CostPoolAmount.objects.filter(pool__costing=costing).select_related("pool").order_by("pool", "month")
    return Sheet(
        name="amounts",
        title=_("Amounts of all months"),
        headings=[_("Cost pool"), _("Month"), _("Amount"), _("Capacity")],
        kinds=["text", "date", "money", "number"],
        rows=([one.pool.label, one.month, one.amount, one.capacity_minutes] for one in amounts.iterator()),
    )


def example_lines(pools: Sequence[CostPool]) -> str:
    """The beginning of a CSV file of amounts, as the spreadsheet of the reader writes it."""
    manner = csv_manner(get_language())
    rows = [[_("Cost pool"), _("Month"), _("Amount"), _("Capacity")]]
    rows += [[pool.label, "2026-05", manner.cell(Decimal("1234.50")), ""] for pool in pools[:EXAMPLES]]
    lines = io.StringIO()
    csv.writer(lines, delimiter=manner.delimiter, lineterminator="\n").writerows(rows)
    return lines.getvalue()


def amounts_to_mend(found: AmountFile) -> Sheet:
    """All rows of a refused file, since none was taken: those with faults first, behind what is wrong with each."""
    added = [_("Line of the file"), _("Rejected because of"), _("What is wrong")]
    return Sheet(
        name="amounts-to-mend",
        headings=[*added, *found.header],
        kinds=["number", *["text"] * (len(added) - 1 + len(found.header))],
        rows=_rows_to_mend(found),
    )


def _rows_to_mend(found: AmountFile) -> Iterator[list[Any]]:
    faults: dict[int, list[RowFault]] = defaultdict(list)
    for fault in found.faults:
        faults[fault.line].append(fault)
    for record in sorted(found.rows, key=lambda record: (record.line not in faults, record.line)):
        wrong = faults.get(record.line, [])
        columns = ", ".join(fault.column for fault in wrong if fault.column)
        yield [record.line, columns, " ".join(fault.reason for fault in wrong), *record.cells]
