"""What narrows the lists of profitability."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm_site.lib.filters import AmountFilter, ChoiceFilter, FilterForm, SearchField, SlimNumber
from customers.forms import members_of
from customers.models import Run, Segment
from customers.models.customer import CustomerQuerySet
from customers.models.scorecard import Category, Stage
from customers.reports import FilterChoices
from profitability.reports.group_names import family_choices
from profitability.reports.groups import UNKNOWN
from profitability.totals import Ranking, ranked_before

# Filters that narrow a ranking to a part of which its totals tell how many there are.
KNOWN_PARTS = frozenset({"category", "stage", "sign"})
# Only who ever ordered is ranked.
RANKED_STAGES = [choice for choice in Stage.choices if choice[0] != Stage.PROSPECT]


class Sign(TextChoices):
    """Whether a customer earns more than it costs."""

    PROFIT = "profit", pgettext_lazy("sign of a profit", "Profit")
    ZERO = "zero", pgettext_lazy("sign of a profit", "Neither profit nor loss")
    LOSS = "loss", pgettext_lazy("sign of a profit", "Loss")


@dataclass(frozen=True, slots=True)
class Known:
    """What a ranking knows of itself: how many customers stand in each category and, for all months, in each stage."""

    ranking: Ranking
    place_of: Callable[[int], float]  # where a rank begins
    categories: Mapping[int, int]
    stages: Mapping[str, int] | None = None  # None: figures of a period have no stage


class RankingFilters(FilterForm):
    """What narrows the ranking.

    Profit falls as rank rises, so the sign of a profit, and where a category can begin, are ranks that the totals of
    the run give away: the database then starts there instead of reading the ranking from its top.
    """

    q = SearchField(label=gettext_lazy("Search"), placeholder=gettext_lazy("Name, reference, e-mail, phone or town"))
    category = ChoiceFilter(label=gettext_lazy("Category"))
    stage = ChoiceFilter(label=gettext_lazy("Stage"))
    sign = ChoiceFilter(label=gettext_lazy("Profit or loss"))
    segment = ChoiceFilter(label=gettext_lazy("Segment"))
    owner = ChoiceFilter(label=gettext_lazy("Owner"))
    source = ChoiceFilter(label=gettext_lazy("Acquisition source"))
    family = ChoiceFilter(label=gettext_lazy("Main product family"))
    country = ChoiceFilter(label=gettext_lazy("Country"))
    from_rank = forms.IntegerField(
        label=gettext_lazy("From rank"), required=False, min_value=1, max_value=2**31 - 1, widget=SlimNumber
    )
    revenue_min = AmountFilter(label=gettext_lazy("Net revenue from"))
    revenue_max = AmountFilter(label=gettext_lazy("Net revenue to"))
    town = forms.CharField(label=gettext_lazy("Town"), required=False, max_length=200, widget=forms.HiddenInput)
    postal = forms.CharField(label=gettext_lazy("Postal area"), required=False, max_length=20, widget=forms.HiddenInput)

    lookups = {
        "stage": "stage",
        "revenue_min": "net_revenue__gte",
        "revenue_max": "net_revenue__lte",
    }

    def __init__(
        self, data: Any, *, known: Known, run: Run, segments: Sequence[Segment], choices: FilterChoices
    ) -> None:
        super().__init__(data)
        self.known, self.run = known, run
        self.segments = {str(segment.pk): segment for segment in segments}
        unknown = (UNKNOWN, pgettext_lazy("group of customers", "Unknown"))
        offered: dict[str, Sequence[Any]] = {
            "category": Category.choices,
            "stage": RANKED_STAGES,
            "sign": Sign.choices,
            "segment": [(key, segment.label) for key, segment in self.segments.items()],
            "owner": [*choices.owners, (UNKNOWN, gettext_lazy("Nobody"))],
            "source": [*choices.sources, unknown],
            "family": [*family_choices(), unknown],
            "country": [*choices.countries, unknown],
        }
        for name, values in offered.items():
            self.fields[name].offer(values)  # type: ignore[attr-defined]
        if known.stages is None:
            del self.fields["stage"]

    def filter_q(self, customers: CustomerQuerySet, text: str) -> CustomerQuerySet:
        return customers.matching(text)

    def filter_category(self, customers: CustomerQuerySet, category: str) -> CustomerQuerySet:
        first = ranked_before(category, self.known.categories) + 1
        return customers.filter(category=category, place__gte=self.known.place_of(first))  # type: ignore[misc]

    def filter_from_rank(self, customers: CustomerQuerySet, rank: int) -> CustomerQuerySet:
        return customers.filter(place__gte=self.known.place_of(rank))  # type: ignore[misc]

    def filter_segment(self, customers: CustomerQuerySet, key: str) -> CustomerQuerySet:
        return customers.filter(pk__in=members_of(self.segments[key], self.run).order_by().values("pk"))

    def filter_owner(self, customers: CustomerQuerySet, key: str) -> CustomerQuerySet:
        return customers.filter(owner=None if key == UNKNOWN else int(key))

    def filter_source(self, customers: CustomerQuerySet, key: str) -> CustomerQuerySet:
        return customers.filter(source=None if key == UNKNOWN else int(key))

    def filter_family(self, customers: CustomerQuerySet, key: str) -> CustomerQuerySet:
        return customers.filter(main_family__family=None if key == UNKNOWN else int(key))

    def filter_country(self, customers: CustomerQuerySet, key: str) -> CustomerQuerySet:
        return customers.filter(country="" if key == UNKNOWN else key)

    def filter_town(self, customers: CustomerQuerySet, key: str) -> CustomerQuerySet:
        return customers.filter(city="" if key == UNKNOWN else key)

    def filter_postal(self, customers: CustomerQuerySet, key: str) -> CustomerQuerySet:
        """The beginning of postal codes behind the country that they belong to: FR-75."""
        if key == UNKNOWN:
            return customers.filter(postal_code="")
        country, _dash, start = key.partition("-")
        return customers.filter(country=country, postal_code__startswith=start)

    def known_count(self) -> int | None:
        """How many customers pass, where the totals of the run say so; None for filters that have to be counted."""
        in_force, ranking = self.in_force(), self.known.ranking
        if not in_force:
            return ranking.customers
        if len(in_force) > 1:
            return None
        if "from_rank" in in_force:
            return max(0, ranking.customers - in_force["from_rank"] + 1)
        ((name, value),) = in_force.items()
        return self._known_parts().get(value) if name in KNOWN_PARTS else None

    def _known_parts(self) -> dict[str, int]:
        """The customers of each category, stage and sign, by the value of its filter."""
        ranking = self.known.ranking
        return {
            **{str(number): count for number, count in self.known.categories.items()},
            **(self.known.stages or {}),
            Sign.PROFIT: ranking.profitable,
            Sign.ZERO: ranking.zero,
            Sign.LOSS: ranking.losing,
        }

    def filter_sign(self, customers: CustomerQuerySet, sign: str) -> CustomerQuerySet:
        ranking = self.known.ranking
        not_losing = ranking.profitable + ranking.zero
        first, last = {
            Sign.PROFIT: (0, ranking.profitable),
            Sign.ZERO: (ranking.profitable, not_losing),
            Sign.LOSS: (not_losing, ranking.customers),
        }[Sign(sign)]
        places = {"place__gte": self.known.place_of(first + 1), "place__lt": self.known.place_of(last + 1)}
        return customers.filter(**places)
