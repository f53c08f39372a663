"""What the rows and columns of the customer × product matrix are called, and where their customers are."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from crm_site.lib.countries import country_name
from customers.models import AcquisitionSource, Customer, Product, ProductFamily, Segment
from customers.models.scorecard import Category, Stage
from profitability.matrix import TOTAL
from profitability.matrix_totals import ANONYMOUS_ROW, COMPANY_ROW, NO_FAMILY, OTHERS
from profitability.reports.group_names import family_choices

CUSTOMERS = "customers"
# What rows can be, in the order offered.
ROWS: Mapping[str, str | Promise] = {
    "category": gettext_lazy("Category"),
    "segment": gettext_lazy("Segment"),
    "stage": gettext_lazy("Stage"),
    "kind": gettext_lazy("Kind"),
    "country": gettext_lazy("Country"),
    "town": gettext_lazy("Town"),
    "owner": gettext_lazy("Owner"),
    "source": gettext_lazy("Acquisition source"),
    CUSTOMERS: gettext_lazy("Single customers"),
}
COLUMNS: Mapping[str, str | Promise] = {
    "family": gettext_lazy("Product families"),
    "product": gettext_lazy("Best-selling products"),
}
# The parameter of the customer list that shows a group; a town has none.
LIST_FILTERS = {name: name for name in ("category", "segment", "stage", "kind", "country", "owner", "source")}


def row_names(by: str, keys: Iterable[str]) -> dict[str, str]:
    """The name of each group (1 query where names stand in a table)."""
    wanted = [key for key in keys if key]
    apart = {
        OTHERS: _("All others"),
        ANONYMOUS_ROW: _("Anonymous sales"),
        COMPANY_ROW: _("Company level and unused capacity"),
        TOTAL: _("Together"),
    }
    missing = {"category": _("Prospects"), "owner": _("No owner")}.get(by, pgettext("group of customers", "Unknown"))
    groups = [key for key in wanted if key not in apart]
    found = READERS.get(by, _nothing)(groups) if groups else {}
    return {key: key for key in groups} | found | apart | {"": missing}


def column_names(by: str, keys: Iterable[str]) -> dict[str, str]:
    """The name of each family or product (1 query, or none for families that were named in the last minute)."""
    wanted = [int(key) for key in keys if key.isdigit() and key != NO_FAMILY]
    if by == "product":
        found = {str(product.pk): str(product) for product in Product.objects.filter(pk__in=wanted)}
        return found | {OTHERS: _("All other products")}
    known = dict(family_choices())
    if not known.keys() >= set(wanted):  # one is new, or there are very many
        known = {family.pk: family.label for family in ProductFamily.objects.filter(pk__in=wanted)}
    found = {str(key): known[key] for key in wanted if key in known}
    return found | {NO_FAMILY: _("No family"), OTHERS: _("All other families")}


def visible_segments(user: AbstractUser | AnonymousUser) -> set[str]:
    """The segments that this person may see (1 query)."""
    return {str(key) for key in Segment.objects.visible_to(user).values_list("pk", flat=True)}


def customers_url(by: str, key: str) -> str:
    """The group in the list of customers; empty for groups that the list cannot be narrowed to."""
    if by not in LIST_FILTERS or not key or key in (OTHERS, ANONYMOUS_ROW, COMPANY_ROW, TOTAL):
        return ""
    return f"{reverse('customers')}?{urlencode({LIST_FILTERS[by]: key})}"


def _owners(keys: Iterable[str]) -> dict[str, str]:
    return {str(person.pk): str(person) for person in get_user_model().objects.filter(pk__in=keys)}


def _sources(keys: Iterable[str]) -> dict[str, str]:
    return {str(source.pk): source.label for source in AcquisitionSource.objects.filter(pk__in=keys)}


def _segments(keys: Iterable[str]) -> dict[str, str]:
    return {str(segment.pk): segment.label for segment in Segment.objects.filter(pk__in=keys).only("name", "name_fr")}


def _customers(keys: Iterable[str]) -> dict[str, str]:
    return {str(customer.pk): customer.full_name for customer in Customer.objects.filter(pk__in=keys)}


def _countries(keys: Iterable[str]) -> dict[str, str]:
    return {key: country_name(key) for key in keys}


def _labels(choices: Iterable[tuple[Any, Any]]) -> Callable[[Iterable[str]], dict[str, str]]:
    words = {str(value): label for value, label in choices}
    return lambda keys: {key: str(words[key]) for key in keys if key in words}


def _nothing(keys: Iterable[str]) -> dict[str, str]:
    return {}


READERS: Mapping[str, Callable[[Iterable[str]], dict[str, str]]] = {
    "country": _countries,
    "owner": _owners,
    "source": _sources,
    "segment": _segments,
    CUSTOMERS: _customers,
    "category": _labels(Category.choices),
    "stage": _labels(Stage.choices),
    "kind": _labels(Customer.Kind.choices),
}
