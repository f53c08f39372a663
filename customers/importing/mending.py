"""Rejected rows as a file that is mended and imported again: the columns of the file behind what is wrong with each."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from crm_site.lib.export import Sheet
from customers.importing.report import Rejection, faults_of, rejection_sheet
from customers.models.imports import Import

AT_ONCE = 2000


def mending_sheet(source: Import) -> Sheet:
    """All rejected rows; where the cells of a file were not kept, only what is wrong with each.

    The columns that are added stand in front: a row with too many or too few cells keeps its shape behind them.
    """
    name = f"rejected-rows-{source.pk}"
    rejections = source.rejections.all()
    if not source.header or not rejections.exclude(cells=[]).exists():
        rows = rejections.values_list("line", "column", "value", "reason", "further").iterator(chunk_size=AT_ONCE)
        return rejection_sheet(name, (Rejection(*row) for row in rows))
    added = [_("Line of the file"), _("Rejected because of"), _("Reason"), _("What to do")]
    return Sheet(
        name=name,
        headings=[*added, *source.header],
        kinds=["number", *["text"] * (len(added) + len(source.header) - 1)],
        rows=_rows(source),
    )


def _rows(source: Import) -> Iterator[list[Any]]:
    for rejection in source.rejections.all().iterator(chunk_size=AT_ONCE):
        faults = faults_of([rejection])
        if len(faults) == 1:
            told = [faults[0].column, faults[0].sentence, faults[0].remedy]
        else:
            # Each fault with its column, since a cell holds several of them: (2) is the same one in all three cells.
            told = [
                _numbered(fault.column for fault in faults),
                _numbered(fault.sentence for fault in faults),
                _numbered(fault.remedy for fault in faults),
            ]
        yield [rejection.line, *told, *rejection.cells]


def _numbered(texts: Iterable[str]) -> str:
    return " ".join(f"({place}) {text}" for place, text in enumerate(texts, 1))
