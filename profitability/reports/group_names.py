"""What groups are called, and where their customers are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from crm_site.lib.countries import country_name
from crm_site.lib.remembered import remembered
from customers.models import AcquisitionSource, ProductFamily, Segment
from customers.models.scorecard import Category
from profitability.periods import Period
from profitability.reports.groups import UNKNOWN
from profitability.totals import Grouping, PeriodTotals

MOST_FAMILIES = 300
# What a ranking can be grouped by, in the order offered; "size" has a page of its own.
GROUPINGS: Mapping[str, str | Promise] = {
    "segment": gettext_lazy("Segment"),
    "owner": gettext_lazy("Owner"),
    "source": gettext_lazy("Acquisition source"),
    "family": gettext_lazy("Main product family"),
    "country": gettext_lazy("Country"),
    "postal": gettext_lazy("Postal area"),
    "town": gettext_lazy("Town"),
    "category": gettext_lazy("Category"),
}


@remembered(seconds=60)
def family_choices() -> list[tuple[int, str]]:
    """The product families to choose from (1 query a minute)."""
    return [(family.pk, family.label) for family in ProductFamily.objects.all()[:MOST_FAMILIES]]


def first_grouping(totals: PeriodTotals) -> str:
    """The first grouping that tells customers apart."""
    return next((name for name in GROUPINGS if len(totals.by(name).groups) > 1), "category")


def group_names(grouping: Grouping) -> dict[str, str]:
    """The name of each group, by its key (1 query where names stand in a table)."""
    return names_of_keys(grouping.by, [group.key for group in grouping.groups])


def names_of_keys(by: str, keys: Sequence[str]) -> dict[str, str]:
    """What groups are called, by their keys (1 query where names stand in a table)."""
    names = {key: key for key in keys} | _READERS.get(by, _nothing)([key for key in keys if key])
    missing = _("No owner") if by == "owner" else pgettext("group of customers", "Unknown")
    return names | {"": missing}


def visible_groups(grouping: Grouping, user: AbstractUser | AnonymousUser) -> Grouping:
    """The grouping without segments that this person may not see, or that are gone (1 query for segments)."""
    if grouping.by != "segment":
        return grouping
    seen = {str(key) for key in Segment.objects.visible_to(user).values_list("pk", flat=True)}
    groups = tuple(group for group in grouping.groups if group.key in seen)
    return Grouping(by=grouping.by, groups=groups, others=grouping.others)


def group_urls(grouping: Grouping, period: Period) -> dict[str, str]:
    """The customers of each group in the ranking of the period."""
    return {group.key: ranking_url(period, **{grouping.by: group.key or UNKNOWN}) for group in grouping.groups}


def ranking_url(period: Period, *, page: str = "ranking", **filters: Any) -> str:
    """The ranking of a period, or a page beside it, with these filters."""
    query = urlencode(({"period": period.code} if period.code else {}) | filters)
    return f"{reverse(page)}?{query}" if query else reverse(page)


def _owners(keys: Iterable[str]) -> dict[str, str]:
    return {str(person.pk): str(person) for person in get_user_model().objects.filter(pk__in=keys)}


def _sources(keys: Iterable[str]) -> dict[str, str]:
    return {str(source.pk): source.label for source in AcquisitionSource.objects.filter(pk__in=keys)}


def _families(keys: Iterable[str]) -> dict[str, str]:
    return {str(family.pk): family.label for family in ProductFamily.objects.filter(pk__in=keys)}


def _segments(keys: Iterable[str]) -> dict[str, str]:
    return {str(segment.pk): segment.label for segment in Segment.objects.filter(pk__in=keys).only("name", "name_fr")}


def _categories(keys: Iterable[str]) -> dict[str, str]:
    return {key: str(Category(int(key)).label) for key in keys}


def _countries(keys: Iterable[str]) -> dict[str, str]:
    return {key: country_name(key) for key in keys}


def _nothing(keys: Iterable[str]) -> dict[str, str]:
    return {}


_READERS: Mapping[str, Callable[[Iterable[str]], dict[str, str]]] = {
    "country": _countries,
    "owner": _owners,
    "source": _sources,
    "family": _families,
    "segment": _segments,
    "category": _categories,
}
