"""Where one customer stands in a ranking, and who stands around it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, FilteredRelation, Q
from django.utils.translation import gettext as _

from crm_site.lib.formatting import money, number, percent
from customers.models import Customer
from customers.models.customer import CustomerQuerySet
from customers.reports import found_in_turn
from profitability.models import PeriodRanking
from profitability.reports.dashboard import CALLED
from profitability.reports.groups import Figures
from profitability.reports.sentences import Finding, shares_speak
from profitability.totals import Ranking

# So many on either side are drawn around a customer.
NEIGHBOURS = 20
LOOKED_AT = 5
# A smaller share of customers is written as none at all.
LEAST_SHARE = 0.0005
# Attributes that a ranking of a period gives each customer, as `ranked` does with a run.
FIGURES = ("net_revenue", "gross_margin", "cost_to_serve", "profit", "rank", "category", "lifetime_value")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A customer near the one that was asked for, and what it and all before it make."""

    customer: int  # its key
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
        return next(one.cumulative for one in self.neighbours if one.customer == self.customer.pk)


def ranked_in(customers: CustomerQuerySet, ranking: PeriodRanking) -> CustomerQuerySet:
    """The customers that a period ranked, with their figures, `cumulative` and `cumulative_share` (no query)."""
    card = FilteredRelation("period_figures", condition=Q(period_figures__ranking_id=ranking.pk))
    columns = {name: F(f"card__{name}") for name in (*FIGURES, "cumulative", "cumulative_share")}
    with_figures = customers.annotate(card=card).annotate(
        **columns, place=F("card__rank"), order_count=F("card__orders"), card_customer=F("card__customer_id")
    )
    return with_figures.filter(rank__isnull=False).only(*CALLED)


def find_here(text: str, visible: CustomerQuerySet, figures: Figures, place_of: Callable[[int], float]) -> Here | None:
    """The first ranked customer that matches a text, with neighbours; None when nobody matches.

    3 queries for a reference; at most 4 more for a name or another word. `place_of` tells where a rank begins, as
    `Run.place_of` does.
    """
    text = text.strip()
    for found in found_in_turn(visible.only(*CALLED), text, LOOKED_AT) if text else ():
        those: Any = figures.filter(customer__in=found)
        told = those.values_list("customer", "rank", "profit") if found else ()
        ranks = {key: (rank, profit) for key, rank, profit in told}
        customer: Any = next((customer for customer in found if customer.pk in ranks), None)
        if customer is not None:
            customer.rank, customer.profit = ranks[customer.pk]
            return Here(customer, _neighbours(customer.rank, visible, figures, place_of))
    return None


def _neighbours(
    rank: int, visible: CustomerQuerySet, figures: Figures, place_of: Callable[[int], float]
) -> tuple[Neighbour, ...]:
    """Those who stand around a rank. Whom the reader may not see is nobody's neighbour, but counts in the sums."""
    first, beyond = place_of(rank - NEIGHBOURS), place_of(rank + NEIGHBOURS + 1)
    near: Any = figures
    seen = near.filter(place__gte=first, place__lt=beyond, customer__in=visible.values("pk")).order_by("place")
    return tuple(Neighbour(*place) for place in seen.values_list("customer", "rank", "cumulative"))


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
