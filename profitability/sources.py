"""What the records of `customers` yield: the drivers of orders and contact moments, and the cost of acquisition.

What counts as what. An *order* is one with at least one line of goods of positive quantity; a line of goods with a
negative quantity is a *return*, and an order of returns alone is no order. Goods and delivery charges are gross sales,
and their returns are returns at what was given back; lines of kind discount, and the discount of any line, are
discounts; fees, manual adjustments and bad debts are `other` revenue with their sign. So net revenue is always the sum
of all lines.
"""

from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from crm_site.lib.names import in_readers_language
from crm_site.lib.remembered import remembered
from customers.models import Product
from customers.models.moment import Channel, Touchpoint
from profitability.changes import CommonWatch, Watch
from profitability.drivers import (
    Arises,
    DirectCostSource,
    Driver,
    DriverSource,
    Numbered,
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

# Which products are no goods; a reader of many lines puts their numbers in place of the questions (`KindsOfProducts`).
NOT_GOODS = "(SELECT id FROM customers_product WHERE kind <> 'goods')"
DELIVERIES = "(SELECT id FROM customers_product WHERE kind = 'delivery')"
DISCOUNTS = "(SELECT id FROM customers_product WHERE kind = 'discount')"

# One row for each order, with what its lines come to. The recompute takes sales figures and drivers from the same rows.
# Lines lie in the order of their orders, so reading them that way needs neither sorting nor a table of all orders.
# Sorts of lines: 1 goods sold, 2 delivery charged, 3 discount, 4 goods returned, 5 delivery given back, 6 all others.
ORDER_ROWS = f"""(
    SELECT o.customer_id, o.ordered_on, sums.*
    FROM (
        SELECT order_id,
            sum_cents(gross) FILTER (WHERE sort <= 2) AS gross,
            sum_cents(CASE WHEN sort <= 2 THEN discount ELSE discount - gross END)
                FILTER (WHERE sort <= 3) AS discounts,
            sum_cents(discount - gross) FILTER (WHERE sort >= 4 AND sort < 6) AS returns,
            sum_cents(gross - discount) FILTER (WHERE sort = 6) AS other,
            sum_cents(cost) AS known_cost,
            sum_cents(gross) FILTER (WHERE cost IS NULL AND sort IN (1, 4)) AS without_cost,
            count(*) FILTER (WHERE sort = 1) AS lines,
            coalesce(sum(quantity) FILTER (WHERE sort = 1), 0) AS units,
            count(*) FILTER (WHERE sort = 4) AS returned_lines
        FROM (
            SELECT l.order_id, l.gross, l.discount, l.cost, l.quantity, CASE
                WHEN l.product_id NOT IN {NOT_GOODS} THEN CASE WHEN l.quantity > 0 THEN 1 ELSE 4 END
                WHEN l.product_id IN {DELIVERIES} THEN CASE WHEN l.quantity > 0 THEN 2 ELSE 5 END
                WHEN l.product_id IN {DISCOUNTS} THEN 3
                ELSE 6 END AS sort
            FROM customers_orderline l /* part */ ORDER BY l.order_id OFFSET 0
        ) lines
        GROUP BY order_id
    ) sums JOIN customers_order o ON o.id = sums.order_id /* same part */
) o"""
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


@dataclass(frozen=True, kw_only=True)
class KindsOfProducts:
    """The products that are no goods, by number: comparing with a few is faster than asking for each line."""

    not_goods: tuple[int, ...]
    deliveries: tuple[int, ...]
    discounts: tuple[int, ...]

    @classmethod
    def now(cls) -> "KindsOfProducts":
        """As they are (1 query)."""
        kinds = dict(Product.objects.exclude(kind=Product.Kind.GOODS).values_list("pk", "kind"))
        return cls(
            not_goods=tuple(sorted(kinds)),
            deliveries=tuple(sorted(number for number, kind in kinds.items() if kind == Product.Kind.DELIVERY)),
            discounts=tuple(sorted(number for number, kind in kinds.items() if kind == Product.Kind.DISCOUNT)),
        )


def order_rows_between(first: int, last: int, kinds: KindsOfProducts) -> str:
    """The rows of the orders of these numbers, for readers that share the work."""
    rows = ORDER_ROWS.replace("/* part */", f"WHERE l.order_id BETWEEN {first:d} AND {last:d}")
    # Said of both sides, or a join in their order begins at the first order of all.
    rows = rows.replace("/* same part */", f"AND o.id BETWEEN {first:d} AND {last:d}")
    of_kind = {NOT_GOODS: kinds.not_goods, DELIVERIES: kinds.deliveries, DISCOUNTS: kinds.discounts}
    for question, numbers in of_kind.items():
        rows = rows.replace(question, f"({', '.join(map(str, numbers)) or 0})")
    return rows


def order_rows_of(customers: str) -> str:
    """The rows of the orders of some customers; `customers` is a condition on `s.customer_id`."""
    return ORDER_ROWS.replace(
        "/* part */", f"WHERE l.order_id IN (SELECT s.id FROM customers_order s WHERE {customers})"
    )


ORDER_RECORDS = DriverSource(
    name="orders",
    rows=ORDER_ROWS,
    customer="o.customer_id",
    day="o.ordered_on",
    quantities={
        ORDERS: "(o.lines > 0)::int",
        ORDER_LINES: "o.lines",
        UNITS: "o.units",
        RETURNS: "o.returned_lines",
        GROSS_SALES: "o.gross / 100.0",
    },
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
# A moment without noted minutes lasted as long as its touchpoint usually does.
MOMENT_RECORDS = DriverSource(
    name="contact moments",
    rows="customers_contactmoment m JOIN customers_touchpoint t ON t.id = m.touchpoint_id",
    customer="m.customer_id",
    day=f"(m.occurred_at AT TIME ZONE '{settings.TIME_ZONE}')::date",
    quantities={
        **{driver: f"(t.channel = '{channel.value}')::int" for channel, driver in CONTACTS.items()},
        **{
            driver: f"CASE t.channel WHEN '{channel.value}' THEN coalesce(m.minutes, t.standard_minutes) END"
            for channel, driver in CONTACT_MINUTES.items()
        },
    },
    watches=MOMENT_WATCHES,
    numbered=Numbered(table="customers_contactmoment", number="m.id"),
)


@remembered(seconds=5)
def touchpoint_records() -> DriverSource:
    """Contact moments and their minutes at each touchpoint; the number of a touchpoint is never given again."""
    quantities: dict[Driver, str] = {}
    for touchpoint in Touchpoint.objects.all():
        number, name = touchpoint.pk, in_language(touchpoint.name, touchpoint.name_fr)
        contacts = format_lazy(_("Contact moments at: {touchpoint}"), touchpoint=name)
        minutes = format_lazy(_("Contact minutes at: {touchpoint}"), touchpoint=name)
        moments_there = Driver(f"contacts_at_{number}", contacts, _("contact moments"), Arises.FROM_RELATION)
        minutes_there = Driver(f"minutes_at_{number}", minutes, _("minutes"), Arises.FROM_RELATION)
        quantities[moments_there] = f"(m.touchpoint_id = {number:d})::int"
        quantities[minutes_there] = (
            f"CASE m.touchpoint_id WHEN {number:d} THEN coalesce(m.minutes, t.standard_minutes) END"
        )
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
