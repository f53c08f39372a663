"""Likely duplicates and merges as pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm_site.lib import formatting
from crm_site.lib.components import Fact
from crm_site.lib.countries import country_name
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.duplicates.finding import Likely
from customers.duplicates.reasons import in_words
from customers.models import Customer, DuplicatePair, Merge


@dataclass(frozen=True)
class Side:
    """One of two customers, in short."""

    customer: Customer
    facts: list[Fact]


@dataclass(frozen=True)
class PairCard:
    """Two customers that look like one."""

    pair: DuplicatePair
    sides: tuple[Side, Side]
    score: str
    reasons: list[str]


def pair_card(pair: DuplicatePair) -> PairCard:
    return PairCard(pair, (side(pair.first), side(pair.second)), likeness_in_words(pair.score), in_words(pair.reasons))


def side(customer: Customer) -> Side:
    return Side(customer, facts_in_short(customer))


def likeness_in_words(score: int) -> str:
    return _("%(percent)s alike") % {"percent": formatting.percent(score / 100, digits=0)}


def facts_in_short(customer: Customer) -> list[Fact]:
    """What tells two customers apart; the same lines for both, so that they stand side by side."""
    town = f"{customer.postal_code} {customer.city}".strip()
    return [
        Fact(_("Reference"), customer.reference),
        Fact(_("Kind"), customer.get_kind_display()),
        Fact(_("E-mail address"), customer.email),
        Fact(_("Phone"), customer.phone),
        Fact(_("Address"), ", ".join(filter(None, (customer.street, town, country_name(customer.country))))),
        Fact(_("Created"), formatting.day(customer.created_at.date())),
    ]


def warning_lines(likely: list[Likely]) -> list[dict[str, str]]:
    """The customers that look like one being entered, each with its address and the reasons."""
    return [
        {
            "name": str(each.customer),
            "url": each.customer.get_absolute_url(),
            "reference": each.customer.reference,
            "reasons": " · ".join(in_words(list(each.likeness.reasons))),
        }
        for each in likely
    ]


def _undo_url(merge: Merge) -> str:
    return "" if merge.undone_at else reverse("merge-undo", args=[merge.pk])


MERGES = Table(
    "merges",
    gettext_lazy("Merges"),
    (
        Column("kept", gettext_lazy("Kept customer"), "link", link="customer", link_key="kept_id"),
        Column("gone_reference", gettext_lazy("Reference of the other")),
        Column("gone_name", gettext_lazy("Name of the other")),
        Column("merged_at", gettext_lazy("When"), "datetime", sort=Sort("id")),
        Column("merged_by", gettext_lazy("By")),
        Column("undone_at", gettext_lazy("Undone"), "datetime"),
        Column(
            "undo",
            pgettext_lazy("merge", "Undo"),
            "link",
            value=lambda merge: "" if merge.undone_at else _("Undo this merge"),
            link=_undo_url,
        ),
    ),
    default_sort="-merged_at",
)
