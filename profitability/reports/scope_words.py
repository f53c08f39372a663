"""Whose records a recompute read, and why, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm_site.lib.formatting import number
from profitability.totals import Because, Scope

BECAUSE = {
    Because.ASKED: gettext_lazy("A full recompute was asked for, as it is every night."),
    Because.FIRST: gettext_lazy("There were no figures to start from."),
    Because.UNWATCHED: gettext_lazy("The costing uses records whose changes are not noticed."),
    Because.GONE: gettext_lazy("What the last full recompute laid aside is gone."),
    Because.DAY: gettext_lazy("The figures before were those of another day."),
    Because.COSTING: gettext_lazy("The costing is another one."),
    Because.POLICY: gettext_lazy("The assumptions about categories and lifetime values changed."),
    Because.COMPANY: gettext_lazy("The settings of the company changed."),
    Because.MODEL: gettext_lazy("The purchase model is another one."),
    Because.SOURCES: gettext_lazy("The software works out what records yield in another way."),
    Because.EVERYBODY: gettext_lazy("Something changed that concerns everybody, such as the kind of a product."),
    Because.MANY: gettext_lazy("So much changed that reading everything takes no longer."),
}


def extent_in_words(scope: Scope) -> str:
    """What kind of recompute it was."""
    return _("Full recompute") if scope.because else _("What changed since the last full recompute")


def reason_in_words(scope: Scope) -> str:
    """Why all records were read, or what was read instead and what was kept."""
    if scope.because:
        return str(BECAUSE.get(Because(scope.because), scope.because))
    customers = scope.customers or 0
    read = ngettext(
        "The records of one customer were read; nobody else had changed since the last full recompute.",
        "The records of %(customers)s customers were read; nobody else had changed since the last full recompute.",
        customers,
    )
    kept = _("Everybody was ranked anew. The purchase model is the one that was fitted then.")
    return f"{read % {'customers': number(customers)}} {kept}"


def read_in_short(because: str | None, customers: str | None) -> str:
    """For a list, from what it reads of the totals."""
    if customers is None:
        return _("full") if because else ""
    return _("%(customers)s read anew") % {"customers": number(int(customers))}
