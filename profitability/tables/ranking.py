"""The columns of the ranking."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm_site.lib import components as drawn
from crm_site.lib.formatting import number
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table, draw
from customers.models.scorecard import Stage
from customers.tables import CATEGORIES
from customers.value_words import note_in_a_list

STAGES = dict(Stage.choices)


def unsorted(table: Table, rows: Iterable[Any], currency: str) -> drawn.Table:
    """A short list inside a page, in the order given."""
    return draw(table, table.columns, rows, currency=currency)


def _figure(name: str, label: Any, **options: Any) -> Column:
    """A column of money, sorted by the index of the scorecard's column; ties go by the scorecard's own customer."""
    sort = Sort(name, nullable=options.pop("nullable", False), tie="card_customer", index_ends_empty=True)
    return Column(name, label, "money", sort=sort, **options)


CUSTOMER = Column("name", gettext_lazy("Customer"), "link", value=lambda customer: customer.full_name, link="customer")
REFERENCE = Column("reference", gettext_lazy("Reference"), default=False)
CATEGORY = Column(
    "category",
    gettext_lazy("Category"),
    "badge",
    value=lambda customer: CATEGORIES.get(customer.category),
    badge=lambda customer: f"category-{customer.category}" if customer.category else "",
)

RANKING = Table(
    "ranking",
    gettext_lazy("Customers, most profitable first"),
    (
        CUSTOMER,
        REFERENCE,
        Column("rank", gettext_lazy("Rank"), "number", sort=Sort("place", tie="card_customer")),
        _figure("net_revenue", gettext_lazy("Net revenue")),
        _figure("gross_margin", gettext_lazy("Gross margin")),
        _figure("cost_to_serve", gettext_lazy("Cost to serve")),
        _figure("profit", gettext_lazy("Profit")),
        Column(
            "cumulative_share",
            pgettext_lazy("share of profit", "Cumulative"),
            "percent",
            hint=gettext_lazy("Share of total profit that this customer and all before it make."),
        ),
        CATEGORY,
        Column(
            "stage",
            gettext_lazy("Stage"),
            "badge",
            value=lambda customer: STAGES.get(customer.stage),
            badge=lambda customer: customer.stage or "",
            default=False,
        ),
        _figure(
            "lifetime_value",
            gettext_lazy("Lifetime value"),
            nullable=True,
            note=lambda customer: note_in_a_list(getattr(customer, "lifetime_value_note", "")),
        ),
    ),
    default_sort="rank",
)


# The same for some months: a stage belongs to no period.
PERIOD_RANKING = replace(
    RANKING, name="ranking-of-period", columns=tuple(column for column in RANKING.columns if column.name != "stage")
)


def _rank_note(customer: Any) -> str:
    return _("rank %(rank)s") % {"rank": number(customer.rank)}


# The best and the worst, on the dashboard.
NAMED = Table(
    "named",
    gettext_lazy("Customers"),
    (
        Column("name", CUSTOMER.label, "link", value=CUSTOMER.value, link="customer", note=_rank_note),
        Column("net_revenue", gettext_lazy("Net revenue"), "money"),
        Column("cost_to_serve", gettext_lazy("Cost to serve"), "money"),
        Column("profit", gettext_lazy("Profit"), "money"),
    ),
    default_sort="rank",
)
