"""Where one customer stands in a ranking, and who stands around it."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import F, FilteredRelation, Q
from django.utils.translation import gettext as _

from crm_site.lib.formatting import money, number, percent
from crm_site.lib.joins import with_keys
from crm_site.lib.written import Blank, written
from customers.models import Customer
from customers.models.customer import CustomerQuerySet
from customers.reports import found_in_turn
from profitability.models import PeriodRanking
from profitability.reports.dashboard import CALLED
from profitability.reports.groups import figures_of
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
    return _ranked_in(customers, ranking.pk) if customers.query.where else _everybody(ranking.pk).all()


@lru_cache(maxsize=20)
def _everybody(ranking_id: int) -> CustomerQuerySet:
    return _ranked_in(Customer.objects.all(), ranking_id)


def _ranked_in(customers: CustomerQuerySet, ranking_id: int) -> CustomerQuerySet:
    card = FilteredRelation("period_figures", condition=Q(period_figures__ranking_id=ranking_id))
    columns = {name: F(f"card__{name}") for name in (*FIGURES, "cumulative", "cumulative_share")}
    with_figures = customers.annotate(card=card).annotate(
        **columns, place=F("card__rank"), order_count=F("card__orders"), card_customer=F("card__customer_id")
    )
    return with_figures.filter(rank__isnull=False).only(*CALLED)


def find_here(
    text: str, visible: CustomerQuerySet, ranking: PeriodRanking, place_of: Callable[[int], float]
) -> Here | None:
    """The first ranked customer that matches a text, with neighbours; None when nobody matches.

    3 queries for a reference; at most 4 more for a name or another word. `place_of` tells where a rank begins, as
    `Run.place_of` does.
    """
    text = text.strip()
    for found in found_in_turn(visible.only(*CALLED), text, LOOKED_AT) if text else ():
        ranks = _ranks(ranking, [customer.pk for customer in found]) if found else {}
        customer: Any = next((customer for customer in found if customer.pk in ranks), None)
        if customer is not None:
            customer.rank, customer.profit = ranks[customer.pk]
            first, beyond = place_of(customer.rank - NEIGHBOURS), place_of(customer.rank + NEIGHBOURS + 1)
            return Here(customer, _neighbours(ranking, visible, first, beyond))
    return None


def _known_by(ranking: PeriodRanking) -> tuple[Hashable, ...]:
    return ranking.run_id, ranking.run.scorecards_of_id, ranking.pk


def _ranks(ranking: PeriodRanking, keys: Sequence[int]) -> dict[int, tuple[int, Decimal]]:
    """Rank and profit of those of these customers whom the ranking has (1 query)."""

    def rows() -> Any:
        figures: Any = figures_of(ranking)
        return with_keys(figures, Blank("keys"), column="customer_id").values_list("customer", "rank", "profit")

    found = written(("ranks", *_known_by(ranking)), rows).read(keys=list(keys))
    return {key: (rank, profit) for key, rank, profit in found}


def _neighbours(
    ranking: PeriodRanking, visible: CustomerQuerySet, first: float, beyond: float
) -> tuple[Neighbour, ...]:
    """Those who stand between two places. Whom the reader may not see is nobody's neighbour, but counts in the sums."""

    def rows() -> Any:
        figures: Any = figures_of(ranking)
        near = figures.filter(place__gte=Blank("first"), place__lt=Blank("beyond"), customer__in=visible.values("pk"))
        return near.order_by("place").values_list("customer", "rank", "cumulative")

    statement = written(("neighbours", *_known_by(ranking)), rows, alike=not visible.query.where)
    return tuple(Neighbour(*place) for place in statement.read(first=first, beyond=beyond))


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
