"""The trail of changes on screen: on a customer's file, and for the whole company."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib import formatting
from crm_site.lib.accounts.models import User
from crm_site.lib.export import Sheet
from crm_site.lib.filters import ChoiceFilter, DayFilter, FilterForm
from crm_site.lib.paging import BadCursor, Order, Page, Sort, read_page
from crm_site.lib.panels import answer_panel
from crm_site.lib.tables import Column, Table
from crm_site.lib.trail.actions import erase_changes
from crm_site.lib.trail.models import ERASE, SEE_COMPANY, VIEW_CHANGES, Change, ChangeQuerySet
from crm_site.lib.trail.registry import tracked
from crm_site.lib.trail.words import in_words
from crm_site.lib.views import ListPage
from crm_site.pages.customer_panels import panel_context, visible_customer
from customers.models import Customer, Merge
from customers.permissions import EXPORT, VIEW_CUSTOMERS

log = logging.getLogger("compagnon.trail")

LATEST = Sort("at")
NEWEST_FIRST = Order(LATEST, descending=True)
IN_A_FILE = 10
MOST_MEMBERS = 200
WRITTEN_AT_ONCE = 1000
THE_SYSTEM = "system"


# --- On a customer's file ---------------------------------------------------------------------------------------------


@permission_required((VIEW_CUSTOMERS, VIEW_CHANGES), raise_exception=True)
def customer_changes(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed on a customer's file, newest first: the panel, or further lines of it."""
    customer = visible_customer(request, pk)
    whose = whose_changes(request, customer)
    changes = Change.objects.readable_by(request.user).filter(customer_id__in=whose).select_related("user")
    page, further = _place(changes, request.GET.get("after", ""))
    lines = [(line, whose[line.customer_id or pk]) for line in in_words(page.rows)]
    context = panel_context(customer, _("Changes")) | {"lines": lines, "next": page.next, "further": further}
    if further and "HX-Request" in request.headers:
        return render(request, "pages/change_lines.html", context)
    return answer_panel(request, "pages/changes_panel.html", context)


def _place(changes: ChangeQuerySet, cursor: str) -> tuple[Page, bool]:
    """The lines after a place, and whether they are further ones; the first ones when there is no such place."""
    try:
        return read_page(changes, NEWEST_FIRST, size=IN_A_FILE, cursor=cursor), bool(cursor)
    except BadCursor:
        return read_page(changes, NEWEST_FIRST, size=IN_A_FILE), False


def whose_changes(request: HttpRequest, customer: Customer) -> dict[int, str]:
    """The customers whose changes stand on a file, with the names of those that are not the customer itself.

    Its members as far as this person may see them, and the customers that were merged into it (1 to 2 queries).
    """
    found = {customer.pk: ""} | merged_into(customer)
    if customer.kind != Customer.Kind.PERSON:
        members = Customer.objects.visible_to(request.user).filter(member_of=customer).order_by("pk")
        found |= {member.pk: member.full_name for member in members.only("name", "given_name")[:MOST_MEMBERS]}
    return found


def merged_into(customer: Customer) -> dict[int, str]:
    """The references of the customers that were merged into this one, by their former keys (1 query)."""
    return dict(Merge.objects.standing().filter(kept=customer).values_list("gone_id", "gone_reference"))


@permission_required((VIEW_CUSTOMERS, VIEW_CHANGES, ERASE), raise_exception=True)
def customer_changes_erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then erase what the trail says of a customer and of those merged into it, who asked to be forgotten."""
    customer = visible_customer(request, pk)
    if request.method == "POST":
        erased = erase_changes(customer_ids=[customer.pk, *merged_into(customer)])
        log.info("The trail of customer %s was erased by user %s: %s changes.", pk, request.user.pk, erased)
        words = {"changes": formatting.number(erased), "customer": customer}
        messages.success(request, _("%(changes)s changes on the file of %(customer)s were erased.") % words)
        return redirect("customer", pk)
    context = panel_context(customer, _("Erase the changes of %(customer)s?") % {"customer": customer}) | {
        "confirm_text": _(
            "Who changed what on this file, and every value from before a change, is deleted for good. The file itself "
            "stays as it is, and what changes from now on is written down again."
        ),
        "confirm_label": _("Erase the changes"),
        "confirm_tone": "danger",
        "cancel_url": customer.get_absolute_url(),
    }
    return render(request, "generic/confirm.html", context)


# --- Of the whole company ---------------------------------------------------------------------------------------------


def _fields(change: Any) -> str:
    return " · ".join(map(str, change.line.fields))


def _customer_url(change: Any) -> str:
    return reverse("customer", args=[change.customer_id]) if change.customer_name else ""


class ChangeTable(Table):
    """A table whose rows are put into words many at a time, since each names others by their keys."""

    __slots__ = ()

    def sheet(self, columns: Sequence[Column], rows: QuerySet[Any]) -> Sheet:
        return Sheet(
            name=self.name,
            headings=[str(column.label) for column in columns],
            kinds=[column.kind for column in columns],
            rows=([column.read(row) for column in columns] for row in _all_written(rows)),
        )


CHANGES = ChangeTable(
    name="changes",
    caption=gettext_lazy("Changes"),
    columns=(
        Column("at", gettext_lazy("When"), "datetime", sort=LATEST),
        Column("who", gettext_lazy("Who"), value=lambda change: change.line.who, note=lambda change: change.line.means),
        Column("kind", gettext_lazy("Change"), value=lambda change: change.line.kind, badge=lambda c: c.line.tone),
        Column("what", gettext_lazy("What"), value=lambda change: change.line.thing),
        Column("title", gettext_lazy("Name"), value=lambda change: change.line.title, link=lambda c: c.line.url),
        Column("customer", gettext_lazy("Customer"), value=lambda c: c.customer_name, link=_customer_url),
        Column("fields", gettext_lazy("Before → after"), value=_fields),
        Column("means", gettext_lazy("Through"), value=lambda change: change.line.means, default=False),
    ),
    default_sort="-at",
)


def written(rows: Sequence[Change]) -> Sequence[Change]:
    """The same rows, each with its line in words and the name of its customer."""
    keys = {change.customer_id for change in rows if change.customer_id}
    names = {each.pk: each.full_name for each in Customer.objects.filter(pk__in=keys).only("name", "given_name")}
    for change, line in zip(rows, in_words(rows), strict=True):
        change.line = line  # type: ignore[attr-defined]
        # A customer's own line bears the name already.
        is_file = change.model == Customer._meta.label_lower
        change.customer_name = "" if is_file else names.get(change.customer_id, "")  # type: ignore[attr-defined, arg-type]
    return rows


def _all_written(rows: QuerySet[Any]) -> Iterator[Change]:
    gathered: list[Change] = []
    for change in rows.iterator(chunk_size=WRITTEN_AT_ONCE):
        gathered.append(change)
        if len(gathered) == WRITTEN_AT_ONCE:
            yield from written(gathered)
            gathered = []
    yield from written(gathered)


class ChangeFilters(FilterForm):
    """Who changed what, and when."""

    who = ChoiceFilter(label=gettext_lazy("Who"))
    what = ChoiceFilter(label=gettext_lazy("What"))
    kind = ChoiceFilter(label=gettext_lazy("Change"))
    since = DayFilter(label=gettext_lazy("From day"))
    until = DayFilter(label=gettext_lazy("To day"))

    lookups = {"what": "model", "kind": "kind"}

    def __init__(self, data: Any, *, user: Any) -> None:
        super().__init__(data)
        people = sorted(
            ((str(each.pk), str(each)) for each in User.objects.all()), key=lambda choice: choice[1].lower()
        )
        kinds = [
            (label, capfirst(str(each.model._meta.verbose_name)))
            for label, each in tracked().items()
            if user.has_perm(each.permission)
        ]
        offered = {
            "who": [(THE_SYSTEM, _("The system")), *people],
            "what": sorted(kinds, key=lambda choice: choice[1]),
            "kind": Change.Kind.choices,
        }
        for name, values in offered.items():
            self.fields[name].offer(values)  # type: ignore[attr-defined]

    def filter_who(self, changes: ChangeQuerySet, who: str) -> ChangeQuerySet:
        return changes.filter(user=None) if who == THE_SYSTEM else changes.filter(user_id=int(who))

    def filter_since(self, changes: ChangeQuerySet, day: dt.date) -> ChangeQuerySet:
        return changes.filter(at__gte=_midnight(day))

    def filter_until(self, changes: ChangeQuerySet, day: dt.date) -> ChangeQuerySet:
        return changes.filter(at__lt=_midnight(day + dt.timedelta(days=1)))


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


class ChangeList(ListPage):
    """The changes of the whole company, as far as this person may see what was changed."""

    permission_required = (VIEW_CHANGES, SEE_COMPANY)
    export_permission = EXPORT
    raise_exception = True
    title = gettext_lazy("Changes")
    template_name = "pages/change_list.html"

    def get_table(self) -> Table:
        return CHANGES

    def get_filters(self) -> ChangeFilters:
        return ChangeFilters(self.request.GET, user=self.request.user)

    def get_rows(self) -> ChangeQuerySet:
        return Change.objects.visible_to(self.request.user).select_related("user")

    def page(self) -> Page:
        page = super().page()
        written(page.rows)
        return page
