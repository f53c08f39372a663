"""A ranking by group and by size: one declaration for the page and for its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.tables import Column, Table
from profitability.totals import Band, Grouping, GroupTotal


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as its table shows it; `url` opens its customers."""

    name: str
    url: str
    total: GroupTotal
    share: float | None  # of the profit of all

    @property
    def return_on_revenue(self) -> float | None:
        """Profit for each unit of revenue; None without revenue."""
        return float(self.total.profit / self.total.net_revenue) if self.total.net_revenue > 0 else None

    @property
    def profit_each(self) -> Decimal | None:
        return self.total.profit / self.total.customers if self.total.customers else None


def _of_total(name: str, label: Any, kind: Any, **options: Any) -> Column:
    return Column(name, label, kind, value=lambda row: getattr(row.total, name), **options)


def _columns(first: Any) -> tuple[Column, ...]:
    return (
        Column("name", first, "link", link=lambda row: row.url),
        _of_total("customers", gettext_lazy("Customers"), "number"),
        _of_total("net_revenue", gettext_lazy("Net revenue"), "money"),
        _of_total("profit", gettext_lazy("Profit"), "money"),
        Column("share", gettext_lazy("Share of profit"), "percent"),
        Column("return_on_revenue", gettext_lazy("Profit on revenue"), "percent"),
        _of_total("losing", gettext_lazy("Losing"), "number", hint=gettext_lazy("Customers who make a loss.")),
        _of_total("lifetime_value", gettext_lazy("Lifetime value"), "money"),
    )


GROUPS = Table("groups", gettext_lazy("Customers by group"), _columns(gettext_lazy("Group")))
SIZES = Table("sizes", gettext_lazy("Customers by size"), _columns(gettext_lazy("Net revenue of a customer")))


def group_rows(grouping: Grouping, names: Mapping[str, str], urls: Mapping[str, str], whole: Decimal) -> list[GroupRow]:
    """The groups by name, and those beyond the largest as one row without customers to open."""
    rows = [
        GroupRow(names[total.key], urls[total.key], total, _share(total.profit, whole)) for total in grouping.groups
    ]
    if grouping.others:
        rows.append(GroupRow(_("All others"), "", grouping.others, _share(grouping.others.profit, whole)))
    return rows


def band_rows(bands: Sequence[Band], names: Sequence[str], urls: Sequence[str], whole: Decimal) -> list[GroupRow]:
    """The bands, the largest customers first."""
    return [
        GroupRow(name, url, band.total, _share(band.total.profit, whole))
        for band, name, url in reversed(list(zip(bands, names, urls, strict=True)))
    ]


def _share(profit: Decimal, whole: Decimal) -> float | None:
    return float(profit / whole) if whole > 0 else None
