"""The key figures of an import: what became of the rows of its file, adding up."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm_site.lib.components import KeyFigure
from crm_site.lib.formatting import number
from customers.models import Import


def order_figures(source: Import) -> list[KeyFigure]:
    orders = f"{reverse('orders')}?source={source.pk}"
    return [
        _rows(source),
        KeyFigure(
            _("Accepted"), number(source.accepted), icon="circle-check", url=orders if source.accepted else "",
            hint=_("Now lines of orders"),
        ),
        _rejected(source),
        KeyFigure(_("Skipped"), number(source.skipped), icon="copy", hint=_("Already here from an earlier import")),
    ]  # fmt: skip


def people_figures(source: Import) -> list[KeyFigure]:
    added, changed = pgettext("rows of a file", "Added"), pgettext("rows of a file", "Changed")
    figures = [_rows(source), KeyFigure(added, number(source.created), icon="plus", hint=_("Not here before"))]
    if source.kind != Import.Kind.MOMENTS:
        figures.append(KeyFigure(changed, number(source.updated), icon="pencil", hint=_("Here, and different")))
    unchanged = KeyFigure(_("Skipped"), number(source.skipped), icon="copy", hint=_("Here already, nothing to change"))
    return [*figures, unchanged, _rejected(source)]


def _rows(source: Import) -> KeyFigure:
    return KeyFigure(_("Rows in the file"), number(source.rows), icon="file-spreadsheet")


def _rejected(source: Import) -> KeyFigure:
    return KeyFigure(
        _("Rejected"),
        number(source.rejected),
        icon="alert-triangle",
        url="#rejected" if source.rejected else "",
        hint=_("Listed with reason and remedy") if source.rejected else _("Every row could be read"),
    )
