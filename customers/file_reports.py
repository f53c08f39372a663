"""What the file of one customer reads each time that it is opened.

Statements stand here as text where Django would take several times longer to write them than PostgreSQL to answer.
None of them knows the reader: the customer was found among those that the reader may see, and the page asks for the
right to see orders or contact moments.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import QuerySet

from crm_site.lib import paging
from crm_site.lib.accounts.models import Team, User
from crm_site.lib.paging import Page, Sort, first_page, read_page
from crm_site.lib.remembered import remembered
from customers.models import AcquisitionSource, ContactMoment, Customer, Order, Run, Scorecard, Tag, Touchpoint

LATEST_MOMENTS = 20
# The beginning of the timeline, as every file shows it.
LATEST_MOMENTS_OF = """
    SELECT moment.id, moment.occurred_at, moment.direction, moment.summary, moment.touchpoint_id, moment.employee_id,
           moment.minutes, moment.result, moment.sentiment, moment.needs_reply, moment.message_id,
           person.given_name, person.name, message.state, message.refusal
    FROM customers_contactmoment AS moment
    LEFT JOIN customers_customer AS person ON person.id = moment.person_id
    LEFT JOIN customers_message AS message ON message.moment_id = moment.id
    WHERE moment.customer_id = %s ORDER BY moment.occurred_at DESC, moment.id DESC LIMIT %s
"""
IN_TIME = paging.Order(Sort("occurred_at"), descending=True)
CARD_FIELDS = [field for field in Scorecard._meta.fields if field.column]
CARD = """
    SELECT floor(card.place)::int + coalesce((
        SELECT rank - floor(place) FROM customers_rankstep WHERE run_id = %s AND place <= card.place
        ORDER BY place DESC LIMIT 1
    ), 0)::int, {} FROM customers_scorecard AS card WHERE run_id = ANY(%s) AND customer_id = %s
""".format(", ".join(str(field.column) for field in CARD_FIELDS))
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


class MomentRow(NamedTuple):
    """What is shown of a contact moment."""

    pk: int
    occurred_at: dt.datetime
    direction: str
    summary: str
    touchpoint_id: int
    employee_id: int | None
    minutes: Decimal | None
    result: str
    sentiment: int | None
    needs_reply: bool
    message_id: str
    person__given_name: str | None
    person__name: str | None
    message__state: str | None
    message__refusal: str | None


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
    card = _card(run, customer) if run.has_rows else None
    return CurrentFigures(run, card, run.ranked)  # type: ignore[attr-defined]


def _card(run: Run, customer: Customer) -> Scorecard | None:
    """The customer's figures in a run, with their `rank` (1 query).

    Django knows no raw statement for a model whose key is composite.
    """
    with connection.cursor() as cursor:
        cursor.execute(CARD, [run.pk, run.parts, customer.pk])
        row = cursor.fetchone()
    if row is None:
        return None
    values = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(CARD_FIELDS, row[1:], strict=True)
    ]
    card = Scorecard.from_db(connection.alias, [field.attname for field in CARD_FIELDS], values)
    card.rank = row[0]
    return card


def tag_names(customer: Customer) -> list[str]:
    """The customer's tags by name (1 query)."""
    return [tag.name for tag in Tag.objects.raw(TAGS, [customer.pk])]


def latest_orders(customer: Customer, limit: int) -> list[Order]:
    """The latest orders with `line_count` and `net` (1 query)."""
    latest = list(Order.objects.raw(LATEST_ORDERS, [customer.pk, limit]))
    for order in latest:
        order.net = Decimal(order.cents).scaleb(-2)  # type: ignore[attr-defined]
    return latest


def latest_moments(customer: Customer) -> Page:
    """The latest twenty contact moments as plain rows (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute(LATEST_MOMENTS_OF, [customer.pk, LATEST_MOMENTS + 1])
        rows = list(map(MomentRow._make, cursor.fetchall()))
    return first_page(rows, IN_TIME, size=LATEST_MOMENTS)


def moments_page(moments: QuerySet[ContactMoment], cursor: str) -> Page:
    """Twenty contact moments as plain rows, the latest first, from a place on (1 query)."""
    return read_page(moments.values_list(*MomentRow._fields, named=True), IN_TIME, size=LATEST_MOMENTS, cursor=cursor)


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
