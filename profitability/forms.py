"""What narrows the lists of profitability."""

from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm_site.lib.filters import ChoiceFilter, FilterForm, SearchField, SlimNumber
from customers.models.customer import CustomerQuerySet
from customers.models.scorecard import Category, Stage
from profitability.totals import RunTotals

# Only who ever ordered is ranked.
RANKED_STAGES = [choice for choice in Stage.choices if choice[0] != Stage.PROSPECT]


class Sign(TextChoices):
    """Whether a customer earns more than it costs."""

    PROFIT = "profit", pgettext_lazy("sign of a profit", "Profit")
    ZERO = "zero", pgettext_lazy("sign of a profit", "Neither profit nor loss")
    LOSS = "loss", pgettext_lazy("sign of a profit", "Loss")


class RankingFilters(FilterForm):
    """What narrows the ranking.

    Profit falls as rank rises, so the sign of a profit, and where a category can begin, are ranks that the totals of
    the run give away: the database then starts there instead of reading the ranking from its top.
    """

    q = SearchField(label=gettext_lazy("Search"), placeholder=gettext_lazy("Name, reference, e-mail, phone or town"))
    category = ChoiceFilter(label=gettext_lazy("Category"))
    stage = ChoiceFilter(label=gettext_lazy("Stage"))
    sign = ChoiceFilter(label=gettext_lazy("Profit or loss"))
    from_rank = forms.IntegerField(
        label=gettext_lazy("From rank"), required=False, min_value=1, max_value=2**31 - 1, widget=SlimNumber
    )

    lookups = {"stage": "stage", "from_rank": "rank__gte"}

    def __init__(self, data: Any, *, totals: RunTotals) -> None:
        super().__init__(data)
        self.totals = totals
        self.fields["category"].offer(Category.choices)  # type: ignore[attr-defined]
        self.fields["stage"].offer(RANKED_STAGES)  # type: ignore[attr-defined]
        self.fields["sign"].offer(Sign.choices)  # type: ignore[attr-defined]

    def filter_q(self, customers: CustomerQuerySet, text: str) -> CustomerQuerySet:
        return customers.matching(text)

    def filter_category(self, customers: CustomerQuerySet, category: str) -> CustomerQuerySet:
        before = [total.customers for total in self.totals.categories if total.category < min(int(category), 3)]
        return customers.filter(category=category, rank__gt=sum(before))  # type: ignore[misc]

    def known_count(self) -> int | None:
        """How many customers pass, where the totals of the run say so; None for filters that have to be counted."""
        in_force, ranking = self.in_force(), self.totals.ranking
        if not in_force:
            return ranking.customers
        if len(in_force) > 1 or "q" in in_force:
            return None
        if "from_rank" in in_force:
            return max(0, ranking.customers - in_force["from_rank"] + 1)
        (value,) = in_force.values()
        return self._known_parts()[value]

    def _known_parts(self) -> dict[str, int]:
        """The customers of each category, stage and sign, by the value of its filter."""
        totals, ranking = self.totals, self.totals.ranking
        return {
            **{str(total.category): total.customers for total in totals.categories},
            Stage.CUSTOMER: totals.active,
            Stage.FORMER: totals.former,
            Sign.PROFIT: ranking.profitable,
            Sign.ZERO: ranking.zero,
            Sign.LOSS: ranking.losing,
        }

    def filter_sign(self, customers: CustomerQuerySet, sign: str) -> CustomerQuerySet:
        ranking = self.totals.ranking
        not_losing = ranking.profitable + ranking.zero
        first, last = {
            Sign.PROFIT: (0, ranking.profitable),
            Sign.ZERO: (ranking.profitable, not_losing),
            Sign.LOSS: (not_losing, ranking.customers),
        }[Sign(sign)]
        return customers.filter(rank__gt=first, rank__lte=last)  # type: ignore[misc]
