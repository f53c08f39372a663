"""The columns of the lists of imports and of rejected rows."""

from __future__ import annotations

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm_site.lib import formatting
from crm_site.lib.components import Fact
from crm_site.lib.jobs.models import Job
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.importing.mappings import COLUMNS, parse_mapping
from customers.importing.problems import ImportProblem, reason_for
from customers.models import Import

DONE = pgettext_lazy("import", "Done")
TONES: dict[str, str] = {Job.State.FAILED: "danger", Job.State.CANCELLED: "neutral"}


def state_label(source: Import) -> str | Promise:
    """How far an import is: done once its rows were kept, otherwise as far as its job is."""
    return DONE if source.finished_at or not source.job else source.job.get_state_display()


def state_tone(source: Import) -> str:
    if source.finished_at or not source.job:
        return "warning" if source.rejected else "success"
    return TONES.get(source.job.state, "info")


def _address(source: Import) -> str:
    return reverse("import", args=[source.pk])


IMPORTS = Table(
    name="imports",
    caption=_("Imports"),
    columns=(
        Column("file_name", _("File"), "link", link=_address),
        Column("state", _("State"), "badge", value=state_label, badge=state_tone),
        Column("rows", _("Rows"), "number"),
        Column("accepted", _("Accepted"), "number"),
        Column("rejected", _("Rejected"), "number"),
        Column("skipped", _("Skipped"), "number"),
        Column("created_at", _("Started"), "datetime", sort=Sort("id")),
        Column("requested_by", _("Requested by")),
    ),
    default_sort="-created_at",
)


REJECTIONS = Table(
    name="rejected-rows",
    caption=_("Rejected rows"),
    columns=(
        Column("line", _("Line"), value=lambda rejection: formatting.number(rejection.line)),
        Column("column", _("Column")),
        Column("value", _("Value")),
        Column(
            "reason",
            _("Reason and what to do"),
            value=lambda rejection: str(reason_for(rejection.reason).sentence),
            note=lambda rejection: str(reason_for(rejection.reason).remedy),
        ),
    ),
)

REASON_COUNTS = Table(
    name="reasons",
    caption=_("Rejected rows by reason"),
    columns=(
        Column("reason", _("Reason"), value=lambda count: str(count.reason.sentence)),
        Column("remedy", _("What to do"), value=lambda count: str(count.reason.remedy)),
        Column("rows", _("Rows"), "number"),
    ),
)


FIELD_LABELS = {
    "order": _("Order number"),
    "customer": _("Customer reference"),
    "customer_name": _("Customer name"),
    "date": _("Date"),
    "sku": _("Product code"),
    "product": _("Product name"),
    "quantity": _("Quantity"),
    "unit_price": _("Unit price"),
    "amount": _("Amount of the line"),
    "discount": _("Discount"),
    "unit_cost": _("Unit cost"),
    "currency": _("Currency"),
    "exchange_rate": _("Exchange rate"),
    "country": _("Country"),
}
OPTION_LABELS = {
    ("dates", "iso"): _("Year first"),
    ("dates", "dmy"): _("Day first"),
    ("dates", "mdy"): _("Month first"),
    ("decimal", "point"): _("After a point"),
    ("decimal", "comma"): _("After a comma"),
}


def import_facts(source: Import) -> list[Fact]:
    """Who imported a file, and when."""
    facts = [Fact(gettext("File"), source.file_name), Fact(gettext("Started"), formatting.moment(source.created_at))]
    if source.finished_at:
        facts.append(Fact(gettext("Finished"), formatting.moment(source.finished_at)))
    if source.requested_by:
        facts.append(Fact(gettext("Requested by"), str(source.requested_by)))
    return facts


def mapping_facts(source: Import) -> list[Fact]:
    """Which column of a file was taken for what."""
    try:
        mapping = parse_mapping(source.mapping)
    except ImportProblem:
        # Shortened to what the row holds.
        return [Fact(gettext("Column mapping"), source.mapping)]
    layout = mapping.layout
    facts = [Fact(gettext("Layout"), layout.name)] if layout and layout.name != COLUMNS.name else []
    facts += [Fact(str(FIELD_LABELS[field]), name) for field, name in (layout.columns.items() if layout else ())]
    options = (("dates", gettext("Dates"), mapping.dates), ("decimal", gettext("Decimals"), mapping.decimal))
    facts += [Fact(label, str(OPTION_LABELS[key, value])) for key, label, value in options if value]
    return facts
