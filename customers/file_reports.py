"""What the file of one customer reads each time that it is opened.

Statements stand here as text where Django would take several times longer to write them than PostgreSQL to answer.
None of them knows the reader: the customer was found among those that the reader may see, and the page asks for the
right to see orders or contact moments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from crm_site.lib import paging
from crm_site.lib.accounts.models import Team, User
from crm_site.lib.paging import Page, Sort, read_page
from crm_site.lib.remembered import remembered
from customers.models import AcquisitionSource, ContactMoment, Customer, Order, Run, Scorecard, Tag, Touchpoint

LATEST_MOMENTS = 20
SHOWN_OF_A_MOMENT = (
    *("pk", "occurred_at", "direction", "summary", "touchpoint_id", "employee_id", "minutes", "result", "sentiment"),
    *("needs_reply", "message_id", "person__given_name", "person__name"),
    *("message__state", "message__refusal"),
)
TAGS = """
    SELECT tag.id, tag.name FROM customers_tag AS tag
    JOIN customers_customer_tags AS given ON given.tag_id = tag.id
    WHERE given.customer_id = %s ORDER BY tag.name
"""
LATEST_ORDERS = """
    SELECT latest.id, latest.number, latest.ordered_on, latest.contract, sums.line_count, sums.cents
    FROM (
        SELECT id, number, ordered_on, contract FROM customers_order
        WHERE customer_id = %s ORDER BY ordered_on DESC, id DESC LIMIT %s
    ) AS latest, LATERAL (
        SELECT count(*) AS line_count, coalesce(sum(gross - discount), 0) AS cents
        FROM customers_orderline WHERE order_id = latest.id
    ) AS sums
    ORDER BY latest.ordered_on DESC, latest.id DESC
"""


@dataclass(frozen=True, slots=True)
class CurrentFigures:
    """What the current run says of a customer."""

    run: Run | None  # none before the first was published
    card: Scorecard | None  # none for a customer who is newer than the run
    ranked: int | None  # customers in the ranking


def current_figures(customer: Customer) -> CurrentFigures:
    """The current run, without its totals, and the customer's figures in it (2 queries)."""
    run = Run.objects.current_head()
    if run is None:
        return CurrentFigures(None, None, None)
    card = next(iter(Scorecard.objects.filter(run=run, customer=customer)), None) if run.has_rows else None
    return CurrentFigures(run, card, run.ranked)  # type: ignore[attr-defined]


def tag_names(customer: Customer) -> list[str]:
    """The customer's tags by name (1 query)."""
    return [tag.name for tag in Tag.objects.raw(TAGS, [customer.pk])]


def latest_orders(customer: Customer, limit: int) -> list[Order]:
    """The latest orders with `line_count` and `net` (1 query)."""
    latest = list(Order.objects.raw(LATEST_ORDERS, [customer.pk, limit]))
    for order in latest:
        order.net = Decimal(order.cents).scaleb(-2)  # type: ignore[attr-defined]
    return latest


def moments_page(moments: QuerySet[ContactMoment], cursor: str) -> Page:
    """Twenty contact moments as plain rows, the latest first, from a place on (1 query)."""
    rows = moments.values_list(*SHOWN_OF_A_MOMENT, named=True)
    return read_page(rows, paging.Order(Sort("occurred_at"), descending=True), size=LATEST_MOMENTS, cursor=cursor)


# --- Names that stand on every file -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """The people of the company and the few things that customers and contact moments refer to, by their keys."""

    people: dict[int, User]
    teams: dict[int, Team]
    sources: dict[int, AcquisitionSource]
    touchpoints: dict[int, Touchpoint]


@remembered(seconds=30)
def known() -> Known:
    """Names as they stood in the last half minute (4 queries): cheaper than to join them to whatever names them."""
    people = get_user_model().objects.only("username", "first_name", "last_name")
    return Known(
        people=people.in_bulk(),
        teams=Team.objects.in_bulk(),
        sources=AcquisitionSource.objects.in_bulk(),
        touchpoints=Touchpoint.objects.in_bulk(),
    )


def touchpoints_of(rows: Iterable[ContactMoment]) -> dict[int, Touchpoint]:
    """The touchpoints of these rows and others; asked again when one is newer than what is remembered."""
    if not known().touchpoints.keys() >= {row.touchpoint_id for row in rows}:
        known.forget()
    return known().touchpoints


def with_names(customer: Customer) -> Customer:
    """The customer with its owner, team and source in place; what is not remembered is asked for when it is shown."""
    names = known()
    for field, these in (("owner", names.people), ("team", names.teams), ("source", names.sources)):
        named = these.get(getattr(customer, f"{field}_id"))
        if named:
            setattr(customer, field, named)
    return customer
