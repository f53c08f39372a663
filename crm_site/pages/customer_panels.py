"""Panels of a customer's file that are fetched once the page stands, each for whoever may see it.

Each is a view of its own that the file names by `{% later … %}`: how to add one is in docs/adding-a-screen.md.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.components import Table
from crm_site.lib.panels import answer_panel
from crm_site.lib.tables import draw
from crm_site.pages.recent import note_visit
from customers.contacting.consent import consent_state
from customers.contacting.panels import consent_facts, document_facts
from customers.duplicates.reports import standing_merges
from customers.file_reports import current_figures
from customers.models import Company, Customer, Opportunity
from customers.opportunity_reports import opportunities_of
from customers.opportunity_tables import OF_CUSTOMER
from customers.permissions import MERGE, VIEW_CONSENT, VIEW_CUSTOMERS, VIEW_DOCUMENTS, VIEW_FIGURES, VIEW_OPPORTUNITIES
from customers.tables import MEMBERS
from profitability.permissions import SEE_VALUE
from profitability.reports.profit_and_loss import customer_profit_and_loss

NAMED = ("kind", "reference", "name", "given_name")
MOST_MEMBERS, MOST_OPPORTUNITIES = 20, 8


def panel_context(customer: Customer, title: str) -> dict[str, Any]:
    """What every panel of a customer needs in order to be a page of its own."""
    crumbs = [(_("Customers"), reverse("customers")), (customer.full_name, customer.get_absolute_url())]
    return {"customer": customer, "page_title": title, "breadcrumbs": crumbs}


def visible_customer(request: HttpRequest, pk: int) -> Customer:
    """The customer whose panel is asked for; not found for whoever may not see them (1 query)."""
    return get_object_or_404(Customer.objects.visible_to(request.user).only(*NAMED), pk=pk)


@permission_required((VIEW_CUSTOMERS, VIEW_FIGURES, SEE_VALUE), raise_exception=True)
def customer_account(request: HttpRequest, pk: int) -> HttpResponse:
    """The profit and loss of a customer, as the current run computed it."""
    customer = visible_customer(request, pk)
    figures = current_figures(customer)
    account = customer_profit_and_loss(figures.run, pk) if figures.run and figures.card else None
    if account is None:
        raise Http404
    return answer_panel(
        request,
        "profitability/account_panel.html",
        panel_context(customer, _("Profit and loss")) | {"account": account},
    )


@permission_required(VIEW_CUSTOMERS, raise_exception=True)
def customer_more(request: HttpRequest, pk: int) -> HttpResponse:
    """Members, consent, documents and merges: what is looked at now and then; each part for whoever may see it."""
    customer = visible_customer(request, pk)
    note_visit(request, pk)
    may = request.user.has_perm
    context = panel_context(customer, more_title())
    if customer.kind != Customer.Kind.PERSON:
        context["members"] = members_of(customer, request)
    if may(VIEW_OPPORTUNITIES):
        context |= {"opportunities_shown": True, "opportunities": opportunities_table(customer, request)}
    if may(VIEW_CONSENT):
        context |= {"consent_shown": True, "consent_facts": consent_facts(consent_state(customer))}
    if may(VIEW_DOCUMENTS):
        context |= {"documents_shown": True, "document_facts": document_facts(customer)}
    if may(MERGE):
        context["merges"] = standing_merges(customer)
    return answer_panel(request, "pages/customer_more.html", context)


def has_more(user: AbstractUser | AnonymousUser, customer: Customer) -> bool:
    """Whether the panel above would show anything to this reader."""
    return customer.kind != Customer.Kind.PERSON or any(
        map(user.has_perm, (VIEW_OPPORTUNITIES, VIEW_CONSENT, VIEW_DOCUMENTS, MERGE))
    )


def more_title() -> str:
    """What the panel above is called while it is on its way."""
    return _("Consent, documents and more")


def opportunities_table(customer: Customer, request: HttpRequest) -> Table:
    """The sales that could be won or were with this customer, of those the reader sees (1 query)."""
    visible = Opportunity.objects.visible_to(request.user)
    rows = opportunities_of(visible, customer.pk, MOST_OPPORTUNITIES)
    return draw(OF_CUSTOMER, OF_CUSTOMER.columns, rows, currency=Company.of(request).currency)


def members_of(customer: Customer, request: HttpRequest) -> Table:
    """The first members or contact persons of a household or company, by name, of those the reader sees (1 query)."""
    rows = Customer.objects.visible_to(request.user).filter(member_of=customer).order_by("sort_key", "pk")
    return draw(MEMBERS, MEMBERS.columns, rows[:MOST_MEMBERS], currency=Company.of(request).currency)
