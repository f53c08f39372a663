"""The command palette: whatever one can open or do, by a few letters; customers and orders found as in the search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.text import tokens
from crm_site.navigation import navigation_for
from crm_site.pages.recent import recent_files
from crm_site.pages.search import LONGEST_SEARCH
from customers import reports
from customers.models import Customer, Order
from customers.permissions import ADD_CUSTOMER, ADD_OPPORTUNITY, ADD_TASK, VIEW_IMPORTS
from profitability.permissions import SEE_VALUE

OFFERED = 6  # customers and orders each: what fits above the fold, the search page has the others
OFFERED_PAGES = 12


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do from anywhere, for whoever holds the permission."""

    label: str | Promise
    url_name: str
    icon: str
    permission: str
    posts: bool = False


ACTIONS = (
    Action(gettext_lazy("New customer"), "customer-create", "user-plus", ADD_CUSTOMER),
    Action(gettext_lazy("New task"), "task-create", "plus", ADD_TASK),
    Action(gettext_lazy("New opportunity"), "opportunity-create", "plus", ADD_OPPORTUNITY),
    Action(gettext_lazy("Import a file"), "import-new", "file-import", VIEW_IMPORTS),
    Action(gettext_lazy("Management report (PDF)"), "management-report", "download", SEE_VALUE),
    Action(gettext_lazy("Recompute now"), "run-start", "refresh", "customers.request_run", posts=True),
)


@dataclass(frozen=True, slots=True)
class Option:
    """One line of the palette; what `posts` is sent as a form, the others are links."""

    label: str
    url: str
    icon: str
    note: str = ""
    posts: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Options under a heading."""

    label: str
    options: list[Option]


def palette(request: HttpRequest) -> HttpResponse:
    """What a text may mean, in groups; without scripts the search page answers (3 queries, 1 for an empty text)."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    if "HX-Request" not in request.headers:
        return redirect(reverse("search") + (f"?{urlencode({'q': text})}" if text else ""))
    groups = found_groups(request, text) if text else opening_groups(request)
    filled = [group for group in groups if group.options]
    count = sum(len(group.options) for group in filled)
    return render(request, "pages/palette_results.html", {"groups": filled, "text": text, "count": count})


def opening_groups(request: HttpRequest) -> list[Group]:
    """What is offered before anything is typed."""
    return [
        Group(_("Recent customers"), recent_customers(request)),
        Group(_("Actions"), actions_of(request)),
        Group(_("Pages"), pages_of(request)),
    ]


def found_groups(request: HttpRequest, text: str) -> list[Group]:
    """What matches a text, and the search page as the last resort."""
    words = tokens(text)
    address = f"{reverse('search')}?{urlencode({'q': text})}"
    everything = Option(_("Search everything for “%(text)s”") % {"text": text}, address, "search")
    return [
        Group(_("Customers"), found_customers(request, text)),
        Group(_("Orders"), found_orders(request, text)),
        Group(_("Pages"), named_like(pages_of(request), words)[:OFFERED_PAGES]),
        Group(_("Actions"), named_like(actions_of(request), words)),
        Group(_("Search"), [everything]),
    ]


def recent_customers(request: HttpRequest) -> list[Option]:
    """The files opened last, as far as they may still be seen (1 query, none for who opened none)."""
    keys = recent_files(request)
    customers = Customer.objects.visible_to(request.user).only("reference", "name", "given_name", "city")
    found = customers.in_bulk(keys) if keys else {}
    return [customer_option(found[key]) for key in keys if key in found]


def found_customers(request: HttpRequest, text: str) -> list[Option]:
    """The first customers that match (2 queries)."""
    customers = Customer.objects.visible_to(request.user).only("reference", "name", "given_name", "city", "sort_key")
    return [customer_option(customer) for customer in reports.found_customers(customers, text, OFFERED)]


def customer_option(customer: Customer) -> Option:
    note = " · ".join(filter(None, (customer.reference, customer.city)))
    return Option(customer.full_name, reverse("customer", args=[customer.pk]), "user-circle", note)


def found_orders(request: HttpRequest, text: str) -> list[Option]:
    """The first orders whose number begins with the text (1 query)."""
    orders = reports.numbered_like(Order.objects.visible_to(request.user), text).order_by("number")
    rows = orders.values_list("pk", "number", "customer__given_name", "customer__name")[:OFFERED]
    return [
        Option(number, reverse("order", args=[pk]), "shopping-cart", f"{given_name or ''} {name or ''}".strip())
        for pk, number, given_name, name in rows
    ]


def pages_of(request: HttpRequest) -> list[Option]:
    """The pages of the navigation that this person may open."""
    items = [item for section in navigation_for(request) for item in section.items]
    return [Option(str(item.label), item.url, item.icon) for item in items]


def actions_of(request: HttpRequest) -> list[Option]:
    """What this person may do."""
    allowed = [action for action in ACTIONS if request.user.has_perm(action.permission)]
    return [Option(str(action.label), reverse(action.url_name), action.icon, posts=action.posts) for action in allowed]


def named_like(options: Iterable[Option], words: list[str]) -> list[Option]:
    """Options of whose label each of the words begins a word."""
    return [option for option in options if words and all(_begins_a_word(word, option.label) for word in words)]


def _begins_a_word(start: str, label: str) -> bool:
    return any(word.startswith(start) for word in tokens(label))
