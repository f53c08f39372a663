"""The navigation of the whole application: each entry with the permission beside it."""

from dataclasses import dataclass, replace
from functools import cache

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_site.lib.addresses import reverse


@dataclass(frozen=True)
class Item:
    """An entry of the navigation; shown to whoever holds the permission."""

    label: str | Promise
    url_name: str
    icon: str
    permission: str = ""
    # The key that follows `g` to go there.
    key: str = ""
    url: str = ""
    active: bool = False


@dataclass(frozen=True, eq=False)
class Section:
    """A headed group of entries; told apart by identity, since each is made once for all who may see the same."""

    label: str | Promise
    items: tuple[Item, ...]


SECTIONS = (
    Section(
        "",
        (
            Item(_("Home"), "home", "home", key="h"),
            Item(_("Today"), "today", "sun", "customers.view_task", key="y"),
            Item(_("Tasks"), "tasks", "circle-check", "customers.view_task", key="t"),
        ),
    ),
    Section(
        _("Customer portfolio"),
        (
            Item(_("Customers"), "customers", "users", "customers.view_customer", key="c"),
            Item(_("Orders"), "orders", "shopping-cart", "customers.view_order", key="o"),
            Item(_("Likely duplicates"), "duplicates", "copy", "customers.merge_customer"),
            Item(_("Segments"), "segments", "category", "customers.view_segment", key="s"),
            Item(_("Customer journey"), "journey", "route", "customers.view_contactmoment", key="j"),
            Item(_("Opportunities"), "opportunities", "target", "customers.view_opportunity", key="p"),
        ),
    ),
    Section(
        _("Customer value"),
        (
            Item(_("Dashboard"), "dashboard", "chart-line", "profitability.view_profitability", key="d"),
            Item(_("Ranking"), "ranking", "trophy", "profitability.view_profitability", key="r"),
            Item(_("Customer equity"), "equity", "diamond", "profitability.view_profitability"),
            Item(_("Matrix"), "matrix", "table", "profitability.view_profitability", key="m"),
            Item(_("What-if"), "scenarios", "adjustments-horizontal", "profitability.view_profitability", key="w"),
            Item(_("Costing"), "costing", "calculator", "profitability.view_profitability"),
            Item(_("RFM"), "rfm", "stack-2", "profitability.view_profitability"),
            Item(_("Cohorts"), "cohorts", "chart-area-line", "profitability.view_profitability"),
            Item(_("Portfolio"), "portfolio", "chart-dots", "profitability.view_profitability"),
            Item(_("How sure are we?"), "value-models", "scale", "profitability.view_profitability"),
        ),
    ),
    Section(
        _("Operations"),
        (
            Item(_("Imports"), "imports", "file-import", "customers.view_import", key="i"),
            Item(_("Recomputes"), "runs", "refresh", "customers.view_run"),
            Item(_("Changes"), "changes", "history", "trail.see_company_changes"),
            Item(_("Administration"), "admin:index", "settings", "staff"),
        ),
    ),
)


ITEMS = tuple(item for section in SECTIONS for item in section.items)


def navigation_for(request: HttpRequest) -> tuple[Section, ...]:
    """The sections that this person may use, with the entry of the present page marked."""
    allowed = tuple(_allowed(item, request) for item in ITEMS)
    return _marked(allowed, _here(allowed, request.path))


def _allowed(item: Item, request: HttpRequest) -> bool:
    if item.permission == "staff":
        return request.user.is_staff
    return not item.permission or request.user.has_perm(item.permission)


@cache
def _offered(allowed: tuple[bool, ...]) -> tuple[Section, ...]:
    """The sections with the addresses of the allowed entries: the same on every page of whoever has such rights."""
    may = iter(allowed)
    sections = (
        replace(section, items=tuple(replace(item, url=reverse(item.url_name)) for item in section.items if next(may)))
        for section in SECTIONS
    )
    return tuple(section for section in sections if section.items)


def _here(allowed: tuple[bool, ...], path: str) -> str:
    """The address of the entry that this page belongs to: of several above it, the one whose address says most."""
    home = reverse("home")
    urls = [item.url for section in _offered(allowed) for item in section.items]
    return max((url for url in urls if path == url or (url != home and path.startswith(url))), key=len, default="")


@cache
def _marked(allowed: tuple[bool, ...], here: str) -> tuple[Section, ...]:
    """The offered sections with one entry marked."""
    return tuple(_with_mark(section, here) for section in _offered(allowed))


def _with_mark(section: Section, here: str) -> Section:
    if not here or all(item.url != here for item in section.items):
        return section
    return replace(section, items=tuple(replace(item, active=item.url == here) for item in section.items))
