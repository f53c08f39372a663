"""What pages read about customers and orders: querysets and frozen values, each with its number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.models import (
    F,
    FilteredRelation,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from crm_site.lib.counting import COUNT_LIMIT, Count, capped_count, table_count
from crm_site.lib.countries import country_name
from crm_site.lib.fields import CentsField
from crm_site.lib.paging import Leading
from crm_site.lib.remembered import remembered
from crm_site.lib.text import normalise, tokens
from customers.models import AcquisitionSource, Customer, Order, OrderLine, Run, Scorecard
from customers.models.customer import CustomerQuerySet
from customers.models.order import OrderQuerySet

FREQUENT = 0.0055  # of all customers: a little more than is expected of any unknown word

# Attributes that `portfolio` gives each customer, and the column of the scorecard that each comes from.
FIGURES = {
    "stage": "stage",
    "order_count": "orders",
    "net_revenue": "net_revenue",
    "gross_margin": "gross_margin",
    "cost_to_serve": "cost_to_serve",
    "direct_costs": "direct_costs",
    "profit": "profit",
    "rank": "place",
    "category": "category",
    "lifetime_value": "lifetime_value",
    "lifetime_value_note": "lifetime_value_note",
    "probability_alive": "probability_alive",
    "expected_orders": "expected_orders",
    "churn_risk": "churn_risk",
    "rfm": "rfm",
    "first_order_on": "first_order_on",
    "last_order_on": "last_order_on",
}
NEWER = "SELECT COUNT(*) FROM (SELECT FROM customers_customer WHERE created_at >= %s LIMIT %s) newer"
MOST_COUNTRIES = 300
MOST_STAFF = 300
MOST_SEGMENTS = 300
SHORT = 2  # letters
LOOKED_AT = 1000

Orders = TypeVar("Orders", bound=QuerySet[Order])


def portfolio(
    customers: CustomerQuerySet, run: Run | None, figures: Iterable[str] = tuple(FIGURES)
) -> CustomerQuerySet:
    """The customers with figures of a run as attributes, None where there are none (no query of its own).

    Filter and order by these attributes, never by `card__…`: each filter by the relation would join it once more.
    Whoever has a `rank` has a `place` too: ranks are ordered and narrowed by places (see `Run.place_of`).
    """
    names = set(figures)
    columns = {"place" if name == "rank" else name: FIGURES[name] for name in names}
    if run is None:
        unknown = {name: Value(None, output_field=Scorecard._meta.get_field(path)) for name, path in columns.items()}  # type: ignore[arg-type]
        return customers.annotate(**unknown, rank=Value(None, output_field=IntegerField()))
    card = FilteredRelation("scorecards", condition=Q(scorecards__run_id__in=run.parts))
    told = {name: F(f"card__{path}") for name, path in columns.items()}
    rows = customers.annotate(card=card).annotate(**told, card_customer=F("card__customer_id"))
    return run.with_ranks(rows) if "rank" in names else rows


def ranked_portfolio(
    customers: CustomerQuerySet, run: Run, figures: Iterable[str] = tuple(FIGURES)
) -> CustomerQuerySet:
    """As `portfolio`, without customers that are newer than the run, so that each figure's index can order it."""
    return portfolio(customers, run, figures).filter(card_customer__isnull=False)  # type: ignore[misc]


@lru_cache(maxsize=100)
def _everybody(run_id: int, shared: int | None, figures: frozenset[str], *, ranked: bool) -> CustomerQuerySet:
    customers, run = Customer.objects.all(), Run(pk=run_id, scorecards_of_id=shared)
    return ranked_portfolio(customers, run, figures) if ranked else portfolio(customers, run, figures)


def everybody(run: Run, figures: frozenset[str], *, ranked: bool) -> CustomerQuerySet:
    """The portfolio of all customers, or of all ranked ones, put together once: every list begins with it."""
    return _everybody(run.pk, run.scorecards_of_id, figures, ranked=ranked).all()


def count_newer(customers: CustomerQuerySet, run: Run) -> Count:
    """How many of these customers are newer than the run (1 query).

    Of all customers as text, since every list by a figure asks this and there is hardly ever one.
    """
    if customers.query.where:
        return capped_count(newer_customers(customers, run))
    with connection.cursor() as cursor:
        cursor.execute(NEWER, [run.started_at, COUNT_LIMIT + 1])
        (counted,) = cursor.fetchone()
    return Count(min(counted, COUNT_LIMIT), capped=counted > COUNT_LIMIT)


def newer_customers(customers: CustomerQuerySet, run: Run) -> CustomerQuerySet:
    """Customers that did not exist when the run began, and so have no figures in it."""
    return customers.filter(created_at__gte=run.started_at)


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """What the filters of the customer list offer."""

    sources: list[tuple[int, str]]
    owners: list[tuple[int, str]]
    countries: list[tuple[str, str]]


@remembered(seconds=60)
def filter_choices() -> FilterChoices:
    """Sources, owners and countries to choose from (3 queries once a minute, none of which reads all customers)."""
    staff = get_user_model().objects.filter(is_active=True).order_by("last_name", "username")[:MOST_STAFF]
    return FilterChoices(
        sources=[(source.pk, source.label) for source in AcquisitionSource.objects.all()],
        owners=[(person.pk, str(person)) for person in staff],
        countries=sorted(((kept, country_name(kept)) for kept in countries()), key=lambda each: normalise(each[1])),
    )


def countries() -> list[str]:
    """The countries that customers live in, the first few hundred by name (1 query).

    Jumps from each country to the next in the index; SELECT DISTINCT would read every customer.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE found(country) AS (
                (SELECT country FROM customers_customer WHERE country > '' ORDER BY country LIMIT 1)
                UNION ALL
                SELECT (
                    SELECT country FROM customers_customer WHERE country > found.country ORDER BY country LIMIT 1
                ) FROM found WHERE found.country IS NOT NULL
            )
            SELECT country FROM found WHERE country IS NOT NULL LIMIT %s
            """,
            [MOST_COUNTRIES],
        )
        return [country for (country,) in cursor]


def suggested_reference() -> str:
    """A reference that is probably free, for the form of a new customer (1 query)."""
    last = Customer.objects.aggregate(last=Max("pk"))["last"] or 0
    return f"C{last + 1:06d}"


def numbered_like(orders: Orders, text: str) -> Orders:
    """Orders whose number begins with the text, in small or capital letters: two ranges of the index on the number."""
    text = text.strip()
    return orders.filter(Q(number__startswith=text) | Q(number__startswith=text.upper())) if text else orders.none()


def searched(customers: CustomerQuerySet, text: str) -> CustomerQuerySet:
    """Customers that match a text; one or two letters are taken for the beginning of the name that they stand under.

    So short a text begins a word of every tenth customer, and finding them all would take longer than anybody waits.
    """
    words = tokens(text)
    return named_like(customers, words[0]) if _are_short(words) else customers.matching(text)


def _are_short(words: list[str]) -> bool:
    return len(words) == 1 and len(words[0]) <= SHORT and words[0].isalpha()


def named_like(customers: CustomerQuerySet, start: str) -> CustomerQuerySet:
    """Customers whose name, as they are sorted by it, begins like this: a range of the index on names."""
    return customers.filter(sort_key__gte=start, sort_key__lt=after_all(start))


def frequent() -> float | None:
    """How many rows the database expects of words whose frequency it knows, at least; None for a small table.

    Of words that it has no statistics about it expects half a percent of all rows, whether there are any or not.
    """
    everybody = table_count(Customer)
    return everybody.rows * FREQUENT if everybody.estimated else None


def after_all(start: str) -> str:
    """The first text behind all that begin like this."""
    return start[:-1] + chr(ord(start[-1]) + 1)


def named_first(everybody: CustomerQuerySet, text: str) -> Leading | None:
    """Of what a text finds, those whose name begins with it: they come first, found along the index on names.

    None for a text without words, and for one so short that it finds no others.
    """
    words = tokens(text)
    if not words or _are_short(words):
        return None
    start = " ".join(words)
    return Leading(everybody, start, after_all(start))


def found_customers(customers: CustomerQuerySet, text: str, limit: int) -> list[Customer]:
    """Some customers that match: of this very reference, then of such a name, then by any other word (3 queries)."""
    return [customer for found in found_in_turn(customers, text, limit) for customer in found]


def found_in_turn(customers: CustomerQuerySet, text: str, limit: int) -> Iterator[list[Customer]]:
    """The same as three finds, each asked for when its turn comes, for whoever stops at the first that will do.

    Of very many matches by other words only some are looked at, since nobody reads them all.
    """
    words = tokens(text)
    found = list(customers.filter(reference=text)[:1])
    yield found
    steps = [named_like(customers, " ".join(words))] if words else []
    if words and not _are_short(words):
        steps.append(customers.filter(pk__in=Customer.objects.matching(text).values("pk")[:LOOKED_AT]))
    for step in steps:
        others = step.exclude(pk__in=[customer.pk for customer in found]).order_by("sort_key", "pk")
        more = list(others[: limit - len(found)])
        found += more
        yield more


def found_orders(orders: OrderQuerySet, text: str, limit: int) -> list[Order]:
    """The first orders by number whose number begins with the text (1 query)."""
    found = numbered_like(orders, text).select_related("customer").order_by("number")
    return list(with_line_totals(found)[:limit])


def with_line_totals(orders: OrderQuerySet) -> OrderQuerySet:
    """Each order with `line_count`, `net` and `is_return`, summed for the rows that are read and no others.

    Sums over a join would group every order of the table before the first page could be cut out.
    """
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    return orders.annotate(
        line_count=Coalesce(Subquery(lines.annotate(n=models.Count("pk")).values("n")), 0, output_field=IntegerField()),
        net=Subquery(lines.annotate(total=Sum(F("gross") - F("discount"))).values("total"), output_field=CentsField()),
    )


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """The sums of an order's lines; cost and margin are None when the cost of a line is unknown."""

    lines: int
    units: Decimal
    gross: Decimal
    discount: Decimal
    cost: Decimal | None

    @property
    def net(self) -> Decimal:
        return self.gross - self.discount

    @property
    def margin(self) -> Decimal | None:
        return None if self.cost is None else self.net - self.cost


def order_totals(order: Order) -> OrderTotals:
    """What an order comes to (1 query)."""
    sums = order.lines.aggregate(
        lines=models.Count("pk"),
        costed=models.Count("cost"),
        units=Coalesce(Sum("quantity"), Decimal(0)),
        gross=Sum("gross"),
        discount=Sum("discount"),
        cost=Sum("cost"),
    )
    known = sums["lines"] and sums.pop("costed") == sums["lines"]
    nothing = Decimal("0.00")
    return OrderTotals(
        lines=sums["lines"],
        units=sums["units"],
        gross=sums["gross"] or nothing,
        discount=sums["discount"] or nothing,
        cost=sums["cost"] if known else None,
    )
