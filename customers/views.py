"""Screens of customers. The file of one customer joins several apps: see `crm_site/pages/customer.py`."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from psycopg2.errors import QueryCanceled

from crm_site.lib.accounts.models import User
from crm_site.lib.counting import COUNT_LIMIT, Count, expected_rows, lately_counted
from crm_site.lib.formatting import number
from crm_site.lib.paging import SORTED_LIMIT, Leading, Page, Walk
from crm_site.lib.paging import Order as RowOrder
from crm_site.lib.tables import Column, Table
from crm_site.lib.views import ListPage, Notice
from customers import custom_fields, reports
from customers.actions import EditConflict, change_customer
from customers.duplicates.forms import NewCustomerForm
from customers.duplicates.tables import warning_lines
from customers.forms import CustomerFilters, CustomerForm
from customers.freshness import outdated
from customers.models import Company, Customer, Run, Scorecard, Segment
from customers.models.customer import CustomerQuerySet
from customers.permissions import (
    ADD_CUSTOMER,
    CHANGE_CUSTOMER,
    CHANGE_MANY,
    EXPORT,
    VIEW_CUSTOMERS,
    VIEW_FIGURES,
)
from customers.selection import Selection, UnusableFilter
from customers.tables import (
    FIGURE_NAMES,
    FILED,
    IDENTITY,
    REFERRED,
    customer_table,
)
from customers.total_reports import TOTALLED, ListTotals, totals_of_everybody, totals_of_list
from customers.total_tables import TotalsShown, totals_facts

FOUND_LIMIT = 1_000  # of a search
WALKED_ANYHOW = 5_000  # entries of an index, which take some milliseconds
# What a row of the customer list needs; a customer has columns of far greater weight.
LISTED = ("reference", "kind", "name", "given_name", "city", "country", "sort_key")


class CustomerList(ListPage):
    """All customers, by name or by any figure of the current run."""

    permission_required = VIEW_CUSTOMERS
    export_permission = EXPORT
    title = gettext_lazy("Customers")
    template_name = "customers/customer_list.html"
    # Figures that are read even where no column shows them.
    always_read: ClassVar[frozenset[str]] = frozenset()

    @cached_property
    def run(self) -> Run | None:
        """The run whose figures this page shows, asked for once."""
        return Run.objects.current_head() if self.request.user.has_perm(VIEW_FIGURES) else None

    @cached_property
    def visible(self) -> CustomerQuerySet:
        return Customer.objects.visible_to(self.request.user)

    @property
    def by_figure(self) -> bool:
        return self.sort.removeprefix("-") in FIGURE_NAMES

    def get_table(self) -> Table:
        further = custom_fields.columns(custom_fields.shown_fields())
        figures = self.request.user.has_perm(VIEW_FIGURES)
        return customer_table(figures=figures, computed=self.run is not None, further=further)

    def get_filters(self) -> CustomerFilters:
        return CustomerFilters(
            self.request.GET,
            choices=reports.filter_choices(),
            run=self.run,
            segments=Segment.objects.offered_to(self.request.user, reports.MOST_SEGMENTS),
            user=self.request.user,
            expected=expected_rows,
        )

    def get_rows(self) -> CustomerQuerySet:
        shown = {column.name for column in self.columns} | {self.sort.removeprefix("-")}
        filtered = self.filters.figures if isinstance(self.filters, CustomerFilters) else set()
        wanted = (FIGURE_NAMES & shown) | filtered | self.always_read
        if "lifetime_value" in wanted:
            wanted |= {"lifetime_value_note"}  # which stands below it
        if self.run and not self.is_restricted():
            rows = reports.everybody(self.run, frozenset(wanted), ranked=self.by_figure)
        elif self.run and self.by_figure:
            rows = reports.ranked_portfolio(self.visible, self.run, wanted)
        else:
            rows = reports.portfolio(self.visible, self.run, wanted)
        referred = [name for name in REFERRED if name in shown]
        return rows.select_related(*referred).only(*self.listed) if referred else rows.only(*self.listed)

    def page(self) -> Page:
        """With a mark on customers whose figures are older than their records (1 query)."""
        page = super().page()
        if self.run and FIGURE_NAMES & {column.name for column in self.columns}:
            older = outdated(self.run, [customer.pk for customer in page.rows])
            for customer in page.rows:
                customer.outdated = customer.pk in older
        return page

    @property
    def listed(self) -> tuple[str, ...]:
        """What is read of each customer: beyond a few columns only what is shown."""
        names = [column.name for column in self.columns]
        filed = [name for column in FILED if (name := column.name) in names]
        referred = [path for name in filed for path in REFERRED.get(name, ())]
        further = ["custom"] if any(name.startswith(custom_fields.PREFIX) for name in names) else []
        return (*LISTED, *filed, *referred, *further)

    def file_columns(self) -> tuple[Column, ...]:
        """With the reference, by which the rows are known when they are imported again."""
        first, *others = self.columns
        if any(column.name == "reference" for column in others):
            return self.columns
        return (first, *(column for column in IDENTITY if column.name == "reference"), *others)

    def get_currency(self) -> str:
        return Company.of(self.request).currency

    def is_restricted(self) -> bool:
        return bool(self.visible.query.where)

    def state(self) -> tuple[Hashable, ...]:
        return self.run and self.run.pk, self.by_figure

    @cached_property
    def leading(self) -> Leading | None:
        """Whose names begin with what is searched: they stand first where nothing else narrows or orders the list."""
        alone = self.filters_in_force.keys() == {"q"} and not self.field_faults() and not self.is_restricted()
        if not alone or self.sort != "name":
            return None
        return reports.named_first(cast(CustomerQuerySet, self.unfiltered), self.filters_in_force["q"])

    @cached_property
    def reading_order(self) -> RowOrder:
        return replace(super().reading_order, leading=self.leading, walk=self.walk)

    @cached_property
    def walk(self) -> Walk | None:
        """Of many rows by a figure, how far its index is followed: at the cost of a quarter of finding them all."""
        if not (self.run and self.by_figure and self.counted) or self.counted.is_exact:
            return None
        if self.expected <= COUNT_LIMIT:
            return None
        path = self.order.sort.path
        sort = replace(self.order.sort, path=reports.FIGURES.get(path, path), tie="customer_id")
        limit = max(WALKED_ANYHOW, self.expected // 4)
        cards = Scorecard.objects.in_run(self.run).along(sort.path, self.filters_in_force)
        return Walk("card", cards, sort, limit=limit)

    @cached_property
    def counted(self) -> Count | None:
        """Of a search for frequent words the number is told from statistics, as that of a whole table is.

        Other finds are counted no further than anybody reads, since each has to be looked up in the table for that;
        where the names alone are more, the index on names tells so.
        """
        if "q" not in self.filters_in_force:
            return super().counted
        limit = reports.frequent() if self.leading else None
        if limit is not None and self.expected > limit:
            return Count.about(self.expected)
        if self.leading and (named := lately_counted(self.leading.within("sort_key"), limit=FOUND_LIMIT)).capped:
            return named
        return lately_counted(self.rows, limit=FOUND_LIMIT)

    def is_sorted_sooner(self) -> bool:
        """Namesakes stand together, so a walk along the names might pass all others before it comes to them.

        With them in front, others of whom there are many are soon met on the way.
        """
        if self.walk:
            return True
        if self.leading and self.counted and self.counted.estimated:
            return self.counted.rows <= SORTED_LIMIT
        return super().is_sorted_sooner() or ("q" in self.filters_in_force and not self.by_figure)

    def get_context(self) -> dict[str, Any]:
        user, query = self.request.user, self.url().removeprefix("?")
        summed = selected_totals(self.request) if "totals" in self.request.GET else None
        return {
            "data_as_of": self.run and self.run.published_at,
            "below_results": "customers/list_below.html",
            "totals": summed,
            "totals_url": f"{reverse('customers-totals')}?{query}",
            "totals_here": self.url(totals="1"),
            "selection": Selection(query).signed(user) if user.has_perm(CHANGE_MANY) else "",  # type: ignore[arg-type]
        }

    def field_faults(self) -> list[str]:
        faults = super().field_faults()
        if self.filters and "where" in self.filters.errors:
            faults.append(_("No customer is listed until the advanced filter is mended or removed."))
        return faults

    def get_builder_url(self) -> str:
        return reverse("customer-filter") + self.url()

    def get_ticked_form(self) -> str:
        return "bulk" if self.request.user.has_perm(CHANGE_MANY) else ""

    def get_notice(self) -> Notice | None:
        """That customers are missing from a list by figures because they have none yet (1 query)."""
        if not (self.run and self.by_figure) or "newer" in self.filters_in_force:
            return None
        newer = reports.count_newer(self.visible, self.run)
        if not newer.rows:
            return None
        text = ngettext(
            "%(count)s customer is newer than these figures and not in this list.",
            "%(count)s customers are newer than these figures and not in this list.",
            newer.rows,
        ) % {"count": number(newer.rows) + ("+" if newer.capped else "")}
        return Notice(text, "?newer=on")


class CustomerTotals(CustomerList):
    """What all customers of the list come to: asked for after the list is there, since it reads every row."""

    always_read = TOTALLED

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "customers/list_totals.html", {"totals": self.summed()})

    def summed(self) -> TotalsShown:
        """The sums as they are shown; the sentence instead where the database gives up."""
        try:
            totals = self.of_everybody() or totals_of_list(
                cast(CustomerQuerySet, self.rows), figures=self.run is not None
            )
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            return TotalsShown([], _("The totals could not be added up in time. Narrow the list with another filter."))
        return TotalsShown(totals_facts(totals, self.get_currency()), "")

    def of_everybody(self) -> ListTotals | None:
        """The totals of the run, where the list holds everybody (3 queries)."""
        if not self.run or self.by_figure or self.is_narrowed or self.is_restricted():
            return None
        return totals_of_everybody(self.run.totals, customers=self.visible.count())


def selected_totals(request: HttpRequest) -> TotalsShown:
    """The totals of the list that an address asks for."""
    page = CustomerTotals()
    page.setup(request)
    return page.summed()


def selected_list(selection: Selection, user: User) -> CustomerList:
    """The customer list as this person sees it, with the selected rows alone. Raises UnusableFilter."""
    request = HttpRequest()
    request.GET, request.user = QueryDict(selection.query), user
    page = CustomerList()
    page.setup(request)
    if selection.keys is not None:
        page.rows = page.unfiltered.filter(pk__in=selection.keys)
    elif page.field_faults():
        raise UnusableFilter
    return page


@permission_required(ADD_CUSTOMER, raise_exception=True)
def customer_create(request: HttpRequest) -> HttpResponse:
    """A new customer."""
    initial = {"reference": reports.suggested_reference(), "owner": request.user.pk}
    form = NewCustomerForm(request.POST or None, initial=initial, user=request.user)
    if request.method == "POST" and form.is_valid() and (customer := _created(form)):
        messages.success(request, _("%(customer)s was added.") % {"customer": customer})
        return redirect(customer)
    context = {
        "page_title": _("New customer"),
        "breadcrumbs": [(_("Customers"), reverse("customers"))],
        "form": form,
        "cancel_url": reverse("customers"),
        "likely": warning_lines(form.likely),
    }
    return render(request, "customers/customer_new.html", context, status=422 if form.is_bound else 200)


def _created(form: CustomerForm) -> Customer | None:
    """The customer, unless somebody took its reference since the form was checked."""
    try:
        with transaction.atomic():
            return form.save()
    except IntegrityError:
        form.reference_taken()
        return None


@permission_required(CHANGE_CUSTOMER, raise_exception=True)
def customer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a customer's data, unless somebody else did so since this form was opened."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user).select_related("member_of"), pk=pk)
    name = str(customer)
    form = CustomerForm(request.POST or None, instance=customer, user=request.user)
    if request.method == "POST" and form.is_valid() and _changed(form):
        messages.success(request, _("The changes to %(customer)s were saved.") % {"customer": form.instance})
        return redirect("customer", pk)
    context = {
        "page_title": _("Edit %(customer)s") % {"customer": name},
        "breadcrumbs": [(_("Customers"), reverse("customers")), (name, reverse("customer", args=[pk]))],
        "form": form,
        "cancel_url": reverse("customer", args=[pk]),
    }
    return render(request, "customers/customer_form.html", context, status=422 if form.is_bound else 200)


def _changed(form: CustomerForm) -> bool:
    try:
        change_customer(customer_id=form.instance.pk, version=form.data.get("version", ""), changes=form.changes())
    except EditConflict:
        form.changed_by_another()
        return False
    except IntegrityError:
        form.reference_taken()
        return False
    return True
