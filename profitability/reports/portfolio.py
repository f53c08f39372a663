"""What the pages of the portfolio read: what groups are called, where their customers are, and who the best are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.joins import with_keys
from customers.models import Customer, Run, Scorecard, Segment
from customers.models.customer import called
from profitability.periods import LIFETIME
from profitability.portfolio.concentration import TEN
from profitability.portfolio.results import AVERAGE_MONTH, SAME_MONTH
from profitability.portfolio_statements import SEGMENT, SIZE
from profitability.portfolio_totals import OTHERS
from profitability.reports.group_names import GROUPINGS, UNKNOWN, names_of_keys, ranking_url
from profitability.reports.sizes import span_name

# By what customers can be grouped, in the order offered.
GROUPED: Mapping[str, str | Promise] = {**GROUPINGS, SIZE: gettext_lazy("Size")}
OVER: Mapping[str, str | Promise] = {
    AVERAGE_MONTH: gettext_lazy("of an average month"),
    SAME_MONTH: gettext_lazy("of the same month"),
}
WINDOWS = (0, 24, 36, 48)  # months; 0 is all
REACHES = (25, 50, 100)  # per cent of a group's present share


def group_names(by: str, keys: Sequence[str], currency: str) -> dict[str, str]:
    """What each group is called (1 query where names stand in a table)."""
    if by == SIZE:
        return {key: span_name(*_span(key), currency) for key in keys if key != OTHERS}
    names = names_of_keys(by, [key for key in keys if key != OTHERS])
    apart = {"": _("In no segment")} if by == SEGMENT else {}
    return names | apart | {OTHERS: _("All others")}


def group_urls(by: str, keys: Iterable[str]) -> dict[str, str]:
    """The customers of each group in the ranking; empty for groups that it cannot be narrowed to."""
    return {key: _group_url(by, key) for key in keys}


def _group_url(by: str, key: str) -> str:
    if key == OTHERS or (by == SEGMENT and not key):
        return ""
    if by == SIZE:
        lowest, highest = _span(key)
        return ranking_url(LIFETIME, revenue_min=lowest, revenue_max=highest)
    return ranking_url(LIFETIME, **{by: key or UNKNOWN})


def _span(key: str) -> tuple[Decimal, Decimal]:
    """The revenues that a group of size goes from and to."""
    lowest, highest = key.split(":")
    return Decimal(lowest).scaleb(-2), Decimal(highest).scaleb(-2)


def visible_segments(user: AbstractUser | AnonymousUser) -> tuple[str, ...]:
    """The segments that this person may see (1 query)."""
    return tuple(str(key) for key in Segment.objects.visible_to(user).order_by("pk").values_list("pk", flat=True))


def customer_names(keys: Iterable[int], user: AbstractUser | AnonymousUser) -> dict[int, str]:
    """The customers among these whom this person may see, by number (1 query)."""
    visible = with_keys(Customer.objects.visible_to(user), keys)
    return {key: called(*names) for key, *names in visible.values_list("pk", "given_name", "name")}


@dataclass(frozen=True, slots=True)
class BestCustomer:
    """One of the most profitable customers, with the scorecard."""

    card: Scorecard
    share: float | None  # of all profit

    @property
    def name(self) -> str:
        return self.card.customer.full_name

    @property
    def url(self) -> str:
        return reverse("customer", args=[self.card.customer_id])


def best_customers(run: Run, profit: float, user: AbstractUser | AnonymousUser) -> list[BestCustomer]:
    """The most profitable customers down to the one who would follow if ten left (1 query)."""
    visible = Customer.objects.visible_to(user).values("pk")
    cards = Scorecard.objects.ranked_in(run).filter(place__lt=run.place_of(TEN + 2), customer__in=visible)
    best = cards.select_related("customer").order_by("place")
    return [BestCustomer(card, float(card.profit) / profit if profit > 0 else None) for card in best]
