"""What the records of `customers` yield: the drivers of orders and contact moments, and the cost of acquisition.

What counts as what. An *order* is one with at least one line of goods of positive quantity; a line of goods with a
negative quantity is a *return*, and an order of returns alone is no order. Goods and delivery charges are gross
sales, and their returns are returns at what was given back; lines of kind discount, and the discount of any line, are discounts; fees,
manual adjustments and bad debts are `other` revenue with their sign. So net revenue is always the sum of all lines.
"""

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from customers.models.moment import Channel
from profitability.drivers import Arises, DirectCostSource, Driver, DriverSource, register, register_direct_cost

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

# One row for each order, with what its lines come to. The recompute takes sales figures and drivers from the same rows.
GOODS = "p.kind = 'goods'"
SOLD = "l.quantity > 0 AND p.kind IN ('goods', 'delivery')"
TAKEN_BACK = "l.quantity < 0 AND p.kind IN ('goods', 'delivery')"
ORDER_ROWS = f"""(
    SELECT o.customer_id, o.ordered_on,
        coalesce(sum(l.gross) FILTER (WHERE {SOLD}), 0)::bigint AS gross,
        coalesce(
            sum(CASE WHEN {SOLD} THEN l.discount WHEN p.kind = 'discount' THEN l.discount - l.gross END), 0
        )::bigint AS discounts,
        coalesce(sum(l.discount - l.gross) FILTER (WHERE {TAKEN_BACK}), 0)::bigint AS returns,
        coalesce(sum(l.gross - l.discount) FILTER (WHERE p.kind IN ('fee', 'adjustment', 'bad_debt')), 0)::bigint
            AS other,
        coalesce(sum(l.cost), 0)::bigint AS known_cost,
        coalesce(sum(l.gross) FILTER (WHERE l.cost IS NULL AND {GOODS}), 0)::bigint AS without_cost,
        count(*) FILTER (WHERE l.quantity > 0 AND {GOODS}) AS lines,
        coalesce(sum(l.quantity) FILTER (WHERE l.quantity > 0 AND {GOODS}), 0) AS units,
        count(*) FILTER (WHERE l.quantity < 0 AND {GOODS}) AS returned_lines
    FROM customers_order o
    JOIN customers_orderline l ON l.order_id = o.id
    JOIN customers_product p ON p.id = l.product_id
    GROUP BY o.id
) o"""

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
)

FIRST_ORDERS = DriverSource(
    name="first orders",
    rows="(SELECT customer_id, min(ordered_on) AS day FROM customers_order WHERE customer_id IS NOT NULL GROUP BY 1) n",
    customer="n.customer_id",
    day="n.day",
    quantities={NEW_CUSTOMERS: "1"},
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
            driver: f"CASE t.channel WHEN '{channel.value}' THEN coalesce(m.minutes, t.standard_minutes, 0) ELSE 0 END"
            for channel, driver in CONTACT_MINUTES.items()
        },
    },
)
# What it cost to win a customer counts in the month in which they were won: as noted, or with the first order.
ACQUISITION = DirectCostSource(
    name="acquisition",
    rows="""(
        SELECT c.id, c.acquisition_cost, coalesce(c.acquired_on, min(o.ordered_on)) AS day
        FROM customers_customer c LEFT JOIN customers_order o ON o.customer_id = c.id
        WHERE c.acquisition_cost > 0
        GROUP BY c.id
    ) a""",
    customer="a.id",
    day="a.day",
    cents="(a.acquisition_cost * 100)::bigint",
)


def register_sources() -> None:
    """Make known what the records of customers yield."""
    for source in (ORDER_RECORDS, FIRST_ORDERS, MOMENT_RECORDS):
        register(source)
    register_direct_cost(ACQUISITION)
