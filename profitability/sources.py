"""What the records of `customers` yield: the drivers of orders and contact moments, and the cost of acquisition.

What counts as what. An *order* is one with at least one line of goods of positive quantity; a line of goods with a
negative quantity is a *return*, and an order of returns alone is no order. Goods and delivery charges are gross sales,
and their returns are returns at what was given back; lines of kind discount, and the discount of any line, are
discounts; fees, manual adjustments and bad debts are `other` revenue with their sign. So net revenue is always the sum
of all lines.
"""

from dataclasses import replace

from django.conf import settings
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from crm_site.lib.names import in_readers_language
from crm_site.lib.remembered import remembered
from customers.models.moment import Channel, Touchpoint
from profitability.changes import CommonWatch, Watch
from profitability.drivers import (
    Arises,
    DirectCostSource,
    Driver,
    DriverSource,
    register,
    register_direct_cost,
    register_family,
)

in_language = lazy(in_readers_language, str)

ORDERS = Driver("orders", _("Orders"), _("orders"), Arises.FROM_ORDERS)
ORDER_LINES = Driver("order_lines", _("Order lines"), _("lines"), Arises.FROM_ORDERS)
UNITS = Driver("units", _("Units sold"), _("units"), Arises.FROM_ORDERS)
RETURNS = Driver("returns", _("Returned lines"), _("lines"), Arises.FROM_ORDERS)
GROSS_SALES = Driver("gross_sales", _("Gross sales"), _("house currency"), Arises.FROM_ORDERS)
NEW_CUSTOMERS = Driver("new_customers", _("New customers"), _("customers"), Arises.ONCE)

CONTACTS = {
    channel: Driver(
        f"contacts_{channel.value}",
        format_lazy(_("Contact moments: {channel}"), channel=channel.label),
        _("contact moments"),
        Arises.FROM_RELATION,
    )
    for channel in Channel
}
CONTACT_MINUTES = {
    channel: Driver(
        f"minutes_{channel.value}",
        format_lazy(_("Contact minutes: {channel}"), channel=channel.label),
        _("minutes"),
        Arises.FROM_RELATION,
    )
    for channel in Channel
}

ORDERS_WATCHED = Watch(table="customers_order", columns=("customer_id", "ordered_on", "contract"))
ORDER_WATCHES = (
    ORDERS_WATCHED,
    Watch(
        table="customers_orderline",
        columns=("order_id", "product_id", "quantity", "unit_price", "discount", "unit_cost"),
        customer="o.customer_id",
        joined="JOIN customers_order o ON o.id = r.order_id",
    ),
    CommonWatch(table="customers_product", columns=("kind",)),
)
MOMENT_WATCHES = (
    Watch(table="customers_contactmoment", columns=("customer_id", "touchpoint_id", "occurred_at", "minutes")),
    CommonWatch(table="customers_touchpoint", columns=("channel", "standard_minutes")),
)
CUSTOMERS_WATCHED = Watch(
    table="customers_customer",
    columns=("kind", "acquisition_cost", "acquired_on", "created_at"),
    customer="r.id",
)


# Read as lines, which `recompute.orders` adds up: it knows what each of these drivers counts.
ORDER_RECORDS = DriverSource(
    name="orders",
    rows="customers_orderline l JOIN customers_order o ON o.id = l.order_id",
    customer="o.customer_id",
    day="o.ordered_on",
    quantities={driver: driver.code for driver in (ORDERS, ORDER_LINES, UNITS, RETURNS, GROSS_SALES)},
    watches=ORDER_WATCHES,
)
# Whoever only sends back, or was only billed, has not been won by an order.
FIRST_ORDERS = DriverSource(
    name="first orders",
    rows="""(
        SELECT o.customer_id, min(o.ordered_on) AS day FROM customers_order o
        WHERE o.customer_id IS NOT NULL AND EXISTS (
            SELECT FROM customers_orderline l WHERE l.order_id = o.id AND l.quantity > 0
                AND l.product_id NOT IN (SELECT id FROM customers_product WHERE kind <> 'goods')
        )
        GROUP BY 1
    ) n""",
    customer="n.customer_id",
    day="n.day",
    quantities={NEW_CUSTOMERS: "1"},
    watches=ORDER_WATCHES,
)
# Read as they are; `recompute.moments` knows what each of these drivers counts. A moment without noted minutes lasted
# as long as its touchpoint usually does.
MOMENT_RECORDS = DriverSource(
    name="contact moments",
    rows="customers_contactmoment m",
    customer="m.customer_id",
    day=f"(m.occurred_at AT TIME ZONE '{settings.TIME_ZONE}')::date",
    quantities={driver: driver.code for driver in (*CONTACTS.values(), *CONTACT_MINUTES.values())},
    watches=MOMENT_WATCHES,
)


def contacts_at(touchpoint: int) -> str:
    """The code of the driver that counts contact moments at a touchpoint."""
    return f"contacts_at_{touchpoint:d}"


def minutes_at(touchpoint: int) -> str:
    """The code of the driver that counts their minutes."""
    return f"minutes_at_{touchpoint:d}"


@remembered(seconds=5)
def touchpoint_records() -> DriverSource:
    """Contact moments and their minutes at each touchpoint; the number of a touchpoint is never given again."""
    drivers = []
    for touchpoint in Touchpoint.objects.all():
        name = in_language(touchpoint.name, touchpoint.name_fr)
        contacts = format_lazy(_("Contact moments at: {touchpoint}"), touchpoint=name)
        minutes = format_lazy(_("Contact minutes at: {touchpoint}"), touchpoint=name)
        drivers += [
            Driver(contacts_at(touchpoint.pk), contacts, _("contact moments"), Arises.FROM_RELATION),
            Driver(minutes_at(touchpoint.pk), minutes, _("minutes"), Arises.FROM_RELATION),
        ]
    quantities = {driver: driver.code for driver in drivers}
    return replace(MOMENT_RECORDS, name="contact moments at touchpoints", quantities=quantities)


# What it cost to win a customer counts on the day they were won: as noted, or with the first order, or when they were
# entered.
ACQUISITION = DirectCostSource(
    name="acquisition",
    rows=f"""(
        SELECT c.id, c.acquisition_cost, coalesce(
            c.acquired_on,
            (SELECT min(o.ordered_on) FROM customers_order o WHERE o.customer_id = c.id),
            (c.created_at AT TIME ZONE '{settings.TIME_ZONE}')::date
        ) AS day
        FROM customers_customer c WHERE c.acquisition_cost > 0
    ) a""",
    customer="a.id",
    day="a.day",
    cents="(a.acquisition_cost * 100)::bigint",
    watches=(CUSTOMERS_WATCHED, ORDERS_WATCHED),
)


def register_sources() -> None:
    """Make known what the records of customers yield."""
    for source in (ORDER_RECORDS, FIRST_ORDERS, MOMENT_RECORDS):
        register(source)
    register_family("touchpoints", touchpoint_records)
    register_direct_cost(ACQUISITION)
