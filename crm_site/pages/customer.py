"""The file of one customer: everything that the apps know about it, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from crm_site.lib import formatting
from crm_site.lib.components import Fact, KeyFigure, Table
from crm_site.lib.countries import country_name
from crm_site.lib.remembered import remembered
from crm_site.lib.tables import draw
from crm_site.lib.written import Blank, written
from crm_site.pages.customer_panels import has_more, more_title
from crm_site.pages.needs import sentence
from crm_site.pages.recent import last_list, note_list, note_visit
from crm_site.pages.walk import can_walk
from customers import custom_fields, file_reports
from customers.freshness import outdated
from customers.models import Company, Customer, Merge, Run, Scorecard
from customers.moments.forms import QUICK
from customers.moments.timeline import Narrowed, timeline
from customers.need_reports import needs_of
from customers.permissions import (
    ADD_MOMENT,
    CHANGE_CUSTOMER,
    CHANGE_MOMENT,
    VIEW_CUSTOMERS,
    VIEW_FIGURES,
    VIEW_MOMENTS,
    VIEW_ORDERS,
    VIEW_RUNS,
    VIEW_TASKS,
)
from customers.tables import EDITED_IN_PLACE, ORDERS, contact_fact
from customers.task_reports import task_panel
from customers.value_words import BY_RENEWALS, REACHED
from profitability.models import CategoryPolicy, PurchaseModel
from profitability.permissions import SEE_VALUE
from profitability.reports.profit_and_loss import YearsProfit, profit_of_years

LATEST_ORDERS = 10
# What the page shows of the customer itself, and of the people and things around it.
SHOWN = (
    *("reference", "kind", "name", "given_name", "email", "phone", "street", "postal_code", "city", "country"),
    *("language", "acquisition_cost", "acquired_on", "is_synthetic"),
    *("birth_date", "preferred_channel", "best_time", "needs", "custom"),
    *("owner", "team", "source", "member_of__name", "member_of__given_name"),
)
ORDER_COLUMNS = tuple(column for column in ORDERS.columns if column.name not in ("customer", "contract"))


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a customer in the current run, and what is needed to read them."""

    run: Run | None
    card: Scorecard | None
    ranked: int | None  # customers in the ranking
    policy: str
    years: YearsProfit | None  # none without a card


def where_it_went(request: HttpRequest, pk: int) -> HttpResponse:
    """From the old address of a merged customer, in a bookmark or an e-mail, to the file of the one that was kept."""
    merges = Merge.objects.visible_to(request.user).standing().select_related("kept")
    merge = get_object_or_404(merges.order_by("-pk"), gone_id=pk)
    messages.info(request, _("%(gone)s is now part of this customer.") % {"gone": merge.gone_label})
    return redirect(merge.kept)


@permission_required(VIEW_CUSTOMERS, raise_exception=True)
def customer_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Identity, figures, orders, contact moments and members; each part for whoever may see it."""
    found = read_customer(request.user, pk)
    if found is None:
        return where_it_went(request, pk)
    customer = file_reports.with_names(found)
    note_list(request)
    more = has_more(request.user, customer)
    if not more:
        note_visit(request, pk)  # else that panel does, while the page is being looked at
    may = request.user.has_perm
    now = timezone.now()
    figures = read_figures(customer) if may(VIEW_FIGURES) else None
    currency = Company.of(request).currency
    context = {
        "page_title": customer.full_name,
        "breadcrumbs": [(_("Customers"), reverse("customers"))],
        "customer": customer,
        "walk_back": last_list(request),
        "walk_along": can_walk(request),
        "facts": contact_facts(customer, currency, may_change=may(CHANGE_CUSTOMER)),
        "tags": file_reports.tag_names(customer),
        "preferences": preference_facts(customer),
        "further_facts": custom_fields.shown(customer, custom_fields.shown_fields()),
        "more_title": more_title() if more else "",
    }
    if figures and figures.card:
        context["outdated"] = bool(outdated(figures.run, [pk]))
    tasks = task_panel(request.user, customer, now)
    most_urgent = tasks.tasks[0] if tasks.tasks else None
    needs = needs_of(request.user, customer, figures.card if figures else None, most_urgent, at=now)
    context["needs_you"] = sentence(needs, customer, request.user, today=timezone.localdate(now))
    if figures:
        context |= value_panel(
            figures,
            currency,
            run_url=reverse("runs") if may(VIEW_RUNS) else "",
            models_url=reverse("value-models") if may(SEE_VALUE) else "",
        )
    if figures and figures.run and figures.card and figures.run.has_rows and may(SEE_VALUE):
        context["account_shown"] = True
    if may(VIEW_TASKS):
        context["task_panel"] = tasks
    if may(VIEW_ORDERS):
        context["orders"] = latest_orders(customer, currency)
    if may(VIEW_MOMENTS):
        context["timeline"] = timeline(customer, narrowed=Narrowed(), place="", may_change=may(CHANGE_MOMENT))
        context["quick"] = QUICK if may(ADD_MOMENT) else ()
    return render(request, "pages/customer.html", context)


def read_customer(user: AbstractUser | AnonymousUser, pk: int) -> Customer | None:
    """The customer, if this person may see them (1 query)."""
    visible = Customer.objects.visible_to(user)

    def one() -> QuerySet[Customer]:
        return visible.select_related("member_of").only(*SHOWN).filter(pk=Blank("pk"))

    found = written("customer file", one, alike=not visible.query.where).read(pk=pk)
    return found[0] if found else None


def read_figures(customer: Customer) -> Figures:
    """What the current run says of the customer (3 queries)."""
    found = file_reports.current_figures(customer)
    policy = policies().get(found.card.category) if found.card else None
    years = profit_of_years(found.run, customer.pk) if found.run and found.card else None
    return Figures(found.run, found.card, found.ranked, policy.label if policy else "", years)


@remembered(seconds=60)
def policies() -> dict[int | None, CategoryPolicy]:
    """What the company does with each category, as it stood in the last minute (1 query)."""
    return {policy.category: policy for policy in CategoryPolicy.objects.all()}


def value_panel(figures: Figures, currency: str, *, run_url: str, models_url: str = "") -> dict[str, Any]:
    """The context of the value panel; without figures it says why there are none."""
    if figures.run is None:
        return {"figures_missing": _("Figures appear here after the first recompute.")}
    if figures.card is None:
        missing = _("This customer is newer than the current figures; the next recompute will include it.")
        return {"figures_missing": missing, "data_as_of": figures.run.published_at, "data_url": run_url}
    return {
        "figures": key_figures(figures, figures.card, currency, models_url=models_url),
        "card": figures.card,
        "policy": figures.policy,
        "figures_day": figures.run.as_of,
        "data_as_of": figures.run.published_at,
        "data_url": run_url,
    }


def key_figures(figures: Figures, card: Scorecard, currency: str, *, models_url: str) -> list[KeyFigure]:
    """What the customer brought, where that ranks, and what is expected; a dash where nothing is known."""
    return [
        *([_this_year(figures.years, currency)] if figures.years else []),
        KeyFigure(
            _("Lifetime value"),
            formatting.money(card.lifetime_value, currency),
            hint=_reach(card, currency),
            url=models_url,
            formula=_value_formula(card),
        ),
        KeyFigure(
            _("Profit so far"),
            formatting.money(card.profit, currency),
            hint=_rank(card, figures.ranked),
            formula=_("Net revenue − cost of goods − cost to serve − direct costs, since the first order."),
        ),
        KeyFigure(
            _("Net revenue"),
            formatting.money(card.net_revenue, currency),
            hint=_orders(card),
            formula=_("Gross sales − discounts − returns, since the first order."),
        ),
        KeyFigure(
            _("Churn risk"),
            formatting.percent(card.churn_risk, digits=0),
            hint=_activity(figures.run, card),
            formula=_churn_formula(figures.run, card),
        ),
        KeyFigure(
            _("Cost to serve"),
            formatting.money(card.cost_to_serve, currency),
            hint=_("Gross margin %(margin)s") % {"margin": formatting.money(card.gross_margin, currency)},
        ),
    ]


def _this_year(years: YearsProfit, currency: str) -> KeyFigure:
    before = _("Nothing happened in %(year)s") if years.before is None else _("%(year)s: %(profit)s")
    words = {"year": years.year - 1, "profit": formatting.money(years.before, currency)}
    return KeyFigure(
        _("Profit this year"),
        formatting.money(years.profit, currency),
        hint=before % words,
        formula=_(
            "Net revenue − cost of goods − cost to serve − direct costs, from January %(year)s to the day of figures."
        )
        % {"year": years.year},
    )


def _orders(card: Scorecard) -> str:
    """How many orders there were, and how many more are expected over the horizon of the lifetime value."""
    words = {"figure": formatting.number(card.orders)}
    so_far = ngettext("%(figure)s order", "%(figure)s orders", card.orders) % words
    if card.expected_orders is None:
        return so_far
    more = formatting.number(card.expected_orders, digits=1)
    return _("%(orders)s, %(more)s more expected (discounted)") % {"orders": so_far, "more": more}


def _activity(run: Run | None, card: Scorecard) -> str:
    """The probability of being active, but by BG/NBD of nobody who bought on one day: it has them all active."""
    if card.probability_alive is None:
        return ""
    once = card.first_order_on == card.last_order_on and card.lifetime_value_note not in BY_RENEWALS
    if once and _purchase_model(run) == PurchaseModel.BGNBD:
        return _("A single order does not tell yet who has left.")
    return _("Probability active %(share)s") % {"share": formatting.percent(card.probability_alive, digits=0)}


def _purchase_model(run: Run | None) -> PurchaseModel:
    """The one that the run says it used; runs of old used the first there was."""
    return PurchaseModel(getattr(run, "purchase_model", None) or PurchaseModel.BGNBD)


def _churn_formula(run: Run | None, card: Scorecard) -> str:
    """By the model that the run used, or by renewals."""
    if card.lifetime_value_note in BY_RENEWALS:
        return _(
            "The probability that the next renewal does not come: from how often this customer and all other "
            "subscribers have renewed, by the sBG model."
        )
    model = _purchase_model(run)
    return _(
        "The probability that from the day of the figures on no order comes within the time after which customers "
        "count as former ones: from the number and the times of the orders, by the %(model)s model."
    ) % {"model": model.label}


def _rank(card: Scorecard, ranked: int | None) -> str:
    if card.rank is None:
        return _("Not ranked: no order yet")
    places = {"rank": formatting.number(card.rank), "customers": formatting.number(ranked)}
    return _("Rank %(rank)s of %(customers)s") % places


def _interval(card: Scorecard, currency: str) -> str:
    if card.lifetime_value_low is None or card.lifetime_value_high is None:
        return ""
    limits = {
        "low": formatting.money(card.lifetime_value_low, currency, digits=0),
        "high": formatting.money(card.lifetime_value_high, currency, digits=0),
    }
    return _("Probably between %(low)s and %(high)s") % limits


def _reach(card: Scorecard, currency: str) -> str:
    """The interval, and what else than this customer's own orders the value comes from."""
    reached = "" if card.lifetime_value_note == "model" else str(REACHED.get(card.lifetime_value_note, ""))
    return " · ".join(filter(None, (_interval(card, currency), reached)))


def _value_formula(card: Scorecard) -> str:
    """What the value is, how it was reached, and what the limits beside it mean."""
    reached = REACHED.get(card.lifetime_value_note)
    said = [_("Expected future margin, less the expected cost to serve, discounted to the day of the figures.")]
    if reached:
        said.append(_("Reached so: %(how)s.") % {"how": reached})
    if card.lifetime_value_low is not None:
        said.append(_("About four in five customers like this one come to an amount between the limits."))
    return " ".join(said)


def contact_facts(customer: Customer, currency: str, *, may_change: bool) -> list[Fact]:
    """Identity and origin; what is not known is left out, unless it can be filled in at its place."""
    email, phone, town, owner = (contact_fact(customer, name, may_change=may_change) for name in EDITED_IN_PLACE)
    home = customer.member_of
    cost = "" if customer.acquisition_cost is None else formatting.money(customer.acquisition_cost, currency)
    facts = [
        email,
        phone,
        Fact(_("Address"), ", ".join(filter(None, (customer.street, customer.postal_code)))),
        town,
        Fact(_("Country"), country_name(customer.country)),
        Fact(_("Language"), _language(customer.language)),
        Fact(_("Member of"), home.full_name if home else "", home.get_absolute_url() if home else ""),
        owner,
        Fact(_("Team"), str(customer.team or "")),
        Fact(_("Acquisition source"), str(customer.source or "")),
        Fact(_("Acquired on"), formatting.day(customer.acquired_on) if customer.acquired_on else ""),
        Fact(_("Acquisition cost"), cost),
    ]
    return [fact for fact in facts if fact.value or fact.edit_url]


def preference_facts(customer: Customer) -> list[Fact]:
    """How somebody likes to be treated; what is not known is left out."""
    facts = [
        Fact(_("Preferred channel"), str(customer.get_preferred_channel_display())),
        Fact(_("Best time to call"), customer.best_time),
        Fact(_("Needs and preferences"), customer.needs),
        Fact(_("Date of birth"), formatting.day(customer.birth_date) if customer.birth_date else ""),
    ]
    return [fact for fact in facts if fact.value]


def _language(code: str) -> str:
    return str(get_language_info(code)["name_translated"]) if code else ""


def latest_orders(customer: Customer, currency: str) -> Table:
    """The customer's latest orders (1 query)."""
    rows = file_reports.latest_orders(customer, LATEST_ORDERS)
    return draw(ORDERS, ORDER_COLUMNS, rows, currency=currency)
