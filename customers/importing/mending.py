"""Rejected rows as a file that is mended and imported again: the columns of the file behind what is wrong with each."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from crm_site.lib.export import Sheet
from customers.importing.problems import reason_for
from customers.importing.report import Rejection, rejection_sheet
from customers.models.imports import Import

AT_ONCE = 2000


def mending_sheet(source: Import) -> Sheet:
    """All rejected rows; where the cells of a file were not kept, only what is wrong with each.

    The columns that are added stand in front: a row with too many or too few cells keeps its shape behind them.
    """
    name = f"rejected-rows-{source.pk}"
    rejections = source.rejections.all()
    if not source.header or not rejections.exclude(cells=[]).exists():
        rows = rejections.values_list("line", "column", "value", "reason").iterator(chunk_size=AT_ONCE)
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
        reason = reason_for(rejection.reason)
        yield [rejection.line, rejection.column, str(reason.sentence), str(reason.remedy), *rejection.cells]
