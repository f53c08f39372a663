"""Where one customer stands in a ranking, and who stands around it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, FilteredRelation, Q, Sum
from django.utils.translation import gettext as _

from crm_site.lib.fields import amount_of
from crm_site.lib.formatting import money, number, percent
from customers.models import Customer
from customers.models.customer import CustomerQuerySet
from customers.reports import found_in_turn
from profitability.models import PeriodFigure, PeriodRanking
from profitability.reports.dashboard import CALLED
from profitability.reports.groups import Figures
from profitability.reports.sentences import Finding, shares_speak
from profitability.totals import Ranking

# So many on either side are drawn around a customer.
NEIGHBOURS = 20
LOOKED_AT = 5
# A smaller share of customers is written as none at all.
LEAST_SHARE = 0.0005
NOTHING = Decimal("0.00")
# Attributes that a ranking of a period gives each customer, as `ranked` does with a run.
FIGURES = ("net_revenue", "gross_margin", "cost_to_serve", "profit", "rank", "category", "lifetime_value")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A customer near the one that was asked for, and what it and all before it make."""

    customer: Any
    rank: int
    cumulative: Decimal


@dataclass(frozen=True, slots=True)
class Here:
    """A customer on the whale curve."""

    customer: Any  # a Customer with its `rank` and `profit` in the ranking
    neighbours: tuple[Neighbour, ...]

    @property
    def cumulative(self) -> Decimal:
        """What the customer and all before it make."""
        return next(one.cumulative for one in self.neighbours if one.rank == self.customer.rank)


def ranked_in(customers: CustomerQuerySet, ranking: PeriodRanking) -> CustomerQuerySet:
    """The customers that a period ranked, with their figures and `cumulative_share` (no query of its own)."""
    card = FilteredRelation("period_figures", condition=Q(period_figures__ranking_id=ranking.pk))
    columns = {name: F(f"card__{name}") for name in (*FIGURES, "cumulative_share")}
    with_figures = customers.annotate(card=card).annotate(
        **columns, order_count=F("card__orders"), card_customer=F("card__customer_id")
    )
    return with_figures.filter(rank__isnull=False).only(*CALLED)


def find_here(text: str, visible: CustomerQuerySet, figures: Figures, ranking: Ranking) -> Here | None:
    """The first ranked customer that matches a text, with neighbours; None when nobody matches.

    4 queries for a reference; at most 4 more for a name or another word.
    """
    text = text.strip()
    for found in found_in_turn(visible.only("pk"), text, LOOKED_AT) if text else ():
        ranks = dict(figures.filter(customer__in=found).values_list("customer", "rank")) if found else {}
        rank = next((ranks[customer.pk] for customer in found if customer.pk in ranks), None)
        if rank is not None:
            around = _neighbours(rank, visible, figures, ranking)
            return Here(next(one.customer for one in around if one.rank == rank), around)
    return None


def _neighbours(rank: int, visible: CustomerQuerySet, figures: Figures, ranking: Ranking) -> tuple[Neighbour, ...]:
    """Those who stand around a rank. Whom the reader may not see is nobody's neighbour, but counts in the sums."""
    places = _places(max(1, rank - NEIGHBOURS), rank + NEIGHBOURS, figures, ranking)
    customers: dict[int, Any] = visible.only(*CALLED).in_bulk([place.customer for place in places])
    around = []
    for place in places:
        if customer := customers.get(place.customer):
            customer.rank, customer.profit = place.rank, place.profit
            around.append(Neighbour(customer, place.rank, place.cumulative))
    return tuple(around)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a ranking: whose it is, and what it and all before it make."""

    customer: int
    rank: int
    profit: Decimal
    cumulative: Decimal


def _places(first: int, last: int, figures: Figures, ranking: Ranking) -> list[Place]:
    """The places from one rank to another (1 query where total profit is positive).

    Figures of a period keep what everybody up to a rank makes; a scorecard keeps its share of the total, from which it
    follows to the cent, since such a share is right to 16 digits. Without shares those before the first are added up.
    """
    near: Any = figures.filter(rank__gte=first - 1, rank__lte=last).order_by("rank")
    if figures.model is PeriodFigure:
        return [
            Place(*row) for row in near.filter(rank__gte=first).values_list("customer", "rank", "profit", "cumulative")
        ]
    places, total = [], NOTHING
    for customer, rank, profit, share in near.values_list("customer", "rank", "profit", "cumulative_share"):
        if rank >= first:
            total += profit
            places.append(Place(customer, rank, profit, total))
        elif share is not None:
            total = amount_of(round(share * int(ranking.profit.scaleb(2))))
        else:
            total = figures.filter(rank__lt=first).aggregate(profit=Sum("profit"))["profit"]
    return places


def place_in_words(here: Here, ranking: Ranking, currency: str) -> Finding:
    """Where the customer stands, and what it and everybody before it make."""
    customer = here.customer
    share = float(here.cumulative / ranking.profit) if shares_speak(ranking) else None
    words = {
        "customer": Customer.__str__(customer),
        "rank": number(customer.rank),
        "all": number(ranking.customers),
        "best": percent(customer.rank / ranking.customers),
        "profit": money(customer.profit, currency, digits=0),
        "sum": money(here.cumulative, currency, digits=0) if share is None else percent(share, digits=1),
    }
    if share is None:
        text = _(
            "%(customer)s stands at rank %(rank)s of %(all)s with a profit of %(profit)s; this customer and all before "
            "it make %(sum)s."
        )
    elif LEAST_SHARE <= customer.rank / ranking.customers <= 0.5:
        text = _(
            "%(customer)s stands at rank %(rank)s of %(all)s, among the best %(best)s, with a profit of %(profit)s; "
            "this customer and all before it make %(sum)s of the profit."
        )
    else:
        text = _(
            "%(customer)s stands at rank %(rank)s of %(all)s with a profit of %(profit)s; this customer and all before "
            "it make %(sum)s of the profit."
        )
    return Finding(text % words)
