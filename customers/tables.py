"""The columns of the lists of customers and orders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm_site.lib import formatting
from crm_site.lib.components import Fact, Kind
from crm_site.lib.countries import country_name
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.models import Channel, Customer, Order
from customers.models.scorecard import Category, Stage
from customers.reports import OrderTotals
from customers.value_words import EXPECTED, REACHED, SURELY_ACTIVE, note_in_a_list

# Shorter than the full names: a list has little room.
STAGES = {
    Stage.PROSPECT: pgettext_lazy("lifecycle stage in a list", "Prospect"),
    Stage.CUSTOMER: pgettext_lazy("lifecycle stage in a list", "Customer"),
    Stage.FORMER: pgettext_lazy("lifecycle stage in a list", "Former"),
}
CATEGORIES = {
    Category.MOST_PROFITABLE: pgettext_lazy("profit category", "Most profitable"),
    Category.FAIRLY_PROFITABLE: pgettext_lazy("profit category", "Fairly profitable"),
    Category.DESIRABLE: pgettext_lazy("profit category", "Desirable"),
    Category.UNDESIRABLE: pgettext_lazy("profit category", "Unprofitable"),
}


def _figure_sort(path: str, *, nullable: bool = False) -> Sort:
    """A sort that the index of a scorecard's column answers; ties go by the scorecard's own customer."""
    return Sort(path, nullable=nullable, tie="card_customer", index_ends_empty=True)


def _age_note(customer: Any) -> str:
    """Said of whom the list marked as having newer records."""
    return gettext("older than the records") if getattr(customer, "outdated", False) else ""


IDENTITY = (
    Column(
        "name",
        _("Name"),
        "link",
        value=lambda customer: customer.full_name,
        sort=Sort("sort_key"),
        link="customer",
        note=lambda customer: f"{customer.reference} · {customer.city}" if customer.city else customer.reference,
    ),
    Column("reference", _("Reference"), default=False),
    Column("kind", _("Kind"), choices=dict(Customer.Kind.choices), default=False),
    Column("city", _("Town"), default=False),
    Column("country", _("Country"), value=lambda customer: country_name(customer.country), default=False),
)


def _field(name: str, kind: Kind = "text", **further: Any) -> Column:
    """A field of the customer's file, called as there; not shown unless somebody wants it."""
    label = capfirst(Customer._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return Column(name, label, kind, default=False, **further)


# What a list shows on demand, and a download holds to be taken in again.
FILED = (
    _field("given_name"),
    _field("email"),
    _field("phone"),
    _field("street"),
    _field("postal_code"),
    _field("language", choices=dict(settings.LANGUAGES)),
    _field("member_of", value=lambda customer: customer.member_of.reference if customer.member_of else ""),
    _field("owner", value=lambda customer: str(customer.owner or "")),
    _field("source", value=lambda customer: str(customer.source or "")),
    _field("birth_date", "date"),
    _field("preferred_channel", choices=dict(Channel.choices)),
    _field("best_time"),
    _field("needs"),
    _field("acquired_on", "date"),
    _field("acquisition_cost", "money"),
)
# What is read of the records that these refer to.
REFERRED = {
    "member_of": ("member_of__reference",),
    "owner": ("owner__first_name", "owner__last_name", "owner__username"),
    "source": ("source__name", "source__name_fr"),
}
FIGURES = (
    Column(
        "stage",
        _("Stage"),
        "badge",
        choices=STAGES,
        badge=lambda customer: customer.stage or "",
    ),
    Column("order_count", _("Orders"), "number", sort=_figure_sort("order_count")),
    Column("net_revenue", _("Net revenue"), "money", sort=_figure_sort("net_revenue")),
    Column("gross_margin", _("Gross margin"), "money", sort=_figure_sort("gross_margin"), default=False),
    Column("cost_to_serve", _("Cost to serve"), "money", sort=_figure_sort("cost_to_serve"), default=False),
    Column("profit", _("Profit"), "money", sort=_figure_sort("profit"), note=_age_note),
    Column("rank", _("Rank"), "number", sort=Sort("place", nullable=True, tie="card_customer"), default=False),
    Column(
        "lifetime_value",
        _("Lifetime value"),
        "money",
        sort=_figure_sort("lifetime_value", nullable=True),
        note=lambda customer: note_in_a_list(customer.lifetime_value_note),
    ),
    Column("lifetime_value_note", _("How the value was reached"), choices=REACHED, default=False),
    Column(
        "category",
        _("Category"),
        "badge",
        choices=CATEGORIES,
        badge=lambda customer: f"category-{customer.category}" if customer.category else "",
    ),
    Column(
        "probability_alive",
        _("Probability active"),
        "percent",
        sort=_figure_sort("probability_alive", nullable=True),
        default=False,
        hint=SURELY_ACTIVE,
    ),
    Column(
        "expected_orders",
        _("Expected orders"),
        "number",
        digits=1,
        default=False,
        hint=EXPECTED,
    ),
    Column("first_order_on", _("First order"), "date", default=False),
    Column("last_order_on", _("Last order"), "date", sort=_figure_sort("last_order_on", nullable=True)),
)
FIGURE_NAMES = frozenset(column.name for column in FIGURES)


def customer_table(*, figures: bool, computed: bool, further: tuple[Column, ...] = ()) -> Table:
    """The customer list: with figures for whoever may see them, sortable by them once they were computed.

    `further` are the company's own fields.
    """
    shown = FIGURES if computed else tuple(replace(column, sort=None) for column in FIGURES)
    columns = IDENTITY + (shown if figures else ()) + FILED + further
    return Table("customers", _("Customers"), columns, default_sort="name")


MEMBERS = Table("members", _("Members"), IDENTITY[:1])


FOUND_CUSTOMERS = Table(
    "customers",
    _("Customers"),
    (*MEMBERS.columns, Column("email", _("E-mail address")), Column("phone", _("Phone"))),
)


def _buyer(order: Order) -> str:
    return order.customer.full_name if order.customer else gettext("Anonymous sale")


ORDERS = Table(
    "orders",
    _("Orders"),
    (
        Column(
            "number",
            _("Number"),
            "link",
            sort=Sort("number"),
            link="order",
            note=lambda order: order.get_contract_display() if order.contract else "",
        ),
        Column("ordered_on", _("Day"), "date", sort=Sort("ordered_on")),
        Column(
            "customer",
            _("Customer"),
            "link",
            value=_buyer,
            link="customer",
            link_key="customer_id",
        ),
        Column("line_count", _("Lines"), "number"),
        Column("net", pgettext_lazy("amount of an order", "Net amount"), "money"),
        Column("contract", _("Subscription"), choices=dict(Order.Contract.choices), default=False),
    ),
    default_sort="-ordered_on",
)


ORDER_LINES = Table(
    "lines",
    _("Lines of the order"),
    (
        Column("product", _("Product"), value=lambda line: str(line.product), note=lambda line: line.product.sku),
        Column("quantity", _("Quantity"), "number", digits=None),
        Column("unit_price", _("Unit price"), "money"),
        Column("gross", _("Gross"), "money"),
        Column("discount", _("Discount"), "money"),
        Column(
            "net",
            pgettext_lazy("amount of an order", "Net amount"),
            "money",
            value=lambda line: line.gross - line.discount,
        ),
        Column("cost", _("Cost"), "money"),
    ),
)


EDITED_IN_PLACE = ("email", "phone", "city", "owner")


def contact_fact(customer: Customer, name: str, *, may_change: bool) -> Fact:
    """One of the fields that are changed in place on the file."""
    edit_url = reverse("customer-field", args=[customer.pk, name]) if may_change else ""
    match name:
        case "email":
            return Fact(gettext("E-mail address"), customer.email, f"mailto:{customer.email}", edit_url=edit_url)
        case "phone":
            url = f"tel:{customer.phone.replace(' ', '')}"
            return Fact(gettext("Phone"), customer.phone, url, edit_url=edit_url)
        case "city":
            return Fact(gettext("Town"), customer.city, edit_url=edit_url)
        case _:
            return Fact(gettext("Owner"), str(customer.owner or ""), edit_url=edit_url)


def order_amounts(totals: OrderTotals, currency: str) -> list[Fact]:
    """What an order comes to, as a definition list."""
    return [
        Fact(gettext("Units"), formatting.number(totals.units.normalize())),
        Fact(gettext("Gross sales"), formatting.money(totals.gross, currency)),
        Fact(gettext("Discounts"), formatting.money(totals.discount, currency)),
        Fact(pgettext("amount of an order", "Net amount"), formatting.money(totals.net, currency)),
        Fact(gettext("Cost of goods"), formatting.money(totals.cost, currency)),
        Fact(gettext("Gross margin"), formatting.money(totals.margin, currency)),
    ]


def order_facts(order: Order, *, may_see_import: bool) -> list[Fact]:
    """Whose order it is, when it was made, and the file that it came from."""
    buyer_url = reverse("customer", args=[order.customer_id]) if order.customer_id else ""
    facts = [
        Fact(gettext("Customer"), _buyer(order), buyer_url),
        Fact(gettext("Day"), formatting.day(order.ordered_on)),
    ]
    if order.ordered_at:
        facts.append(Fact(gettext("Exact time"), formatting.moment(order.ordered_at)))
    if order.currency:
        rate = formatting.number(order.exchange_rate, digits=4)
        facts.append(
            Fact(
                gettext("Currency of the order"),
                order.currency,
                hint=gettext("Exchange rate %(rate)s") % {"rate": rate},
            )
        )
    if order.contract:
        facts.append(Fact(gettext("Subscription"), order.get_contract_display()))
    if order.source:
        import_url = reverse("import", args=[order.source_id]) if may_see_import else ""
        facts.append(Fact(pgettext("thing", "Import"), order.source.file_name, import_url))
    return facts
