"""Screens of opportunities: the board by stages, the list, the forms."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.components import Tab
from crm_site.lib.tables import Table
from crm_site.lib.views import ListPage
from customers import opportunity_reports as reports
from customers.models import Company, Opportunity, OpportunityStage
from customers.models.opportunity import OpportunityQuerySet
from customers.opportunity_actions import (
    ChangedMeanwhile,
    LossReasonMissing,
    add_opportunity,
    change_opportunity,
    move_opportunity,
)
from customers.opportunity_forms import MoveForm, OpportunityFilters, OpportunityForm, of_whom
from customers.opportunity_tables import LISTED, OPPORTUNITIES
from customers.permissions import ADD_OPPORTUNITY, CHANGE_OPPORTUNITY, EXPORT, VIEW_OPPORTUNITIES


@permission_required(VIEW_OPPORTUNITIES, raise_exception=True)
def board(request: HttpRequest) -> HttpResponse:
    """The opportunities in the columns of their stages."""
    return board_page(request)


def board_page(request: HttpRequest, *, fault: str = "", status: int = 200) -> HttpResponse:
    """The board as it stands now, with what went wrong just before."""
    whose = request.GET.get("whose", "")
    visible = Opportunity.objects.visible_to(request.user)
    offered = {"": _("All that I may see"), "mine": _("Mine"), "team": _("My team's")}
    address = reverse("opportunities")
    context = {
        "page_title": _("Opportunities"),
        "tabs": [
            Tab(label, f"{address}?whose={name}" if name else address, active=name == whose)
            for name, label in offered.items()
        ],
        "board": reports.board(of_whom(visible, whose, request.user)),  # type: ignore[arg-type]
        "whose": whose if whose in offered else "",
        "today": timezone.localdate(),
        "fault": fault,
    }
    return render(request, "customers/opportunity_board.html", context, status=status)


class OpportunityList(ListPage):
    """All opportunities in one list, the latest first."""

    permission_required = VIEW_OPPORTUNITIES
    export_permission = EXPORT
    title = gettext_lazy("List of opportunities")
    template_name = "customers/opportunity_list.html"

    @cached_property
    def stages(self) -> list[OpportunityStage]:
        return list(OpportunityStage.objects.all())

    def get_table(self) -> Table:
        return OPPORTUNITIES

    def get_filters(self) -> OpportunityFilters:
        return OpportunityFilters(self.request.GET, user=self.request.user, stages=self.stages)  # type: ignore[arg-type]

    def get_rows(self) -> OpportunityQuerySet:
        visible = Opportunity.objects.visible_to(self.request.user)
        return visible.select_related("customer", "stage", "owner", "source").only(*LISTED)

    def get_currency(self) -> str:
        return Company.of(self.request).currency

    def get_context(self) -> dict[str, Any]:
        return {"breadcrumbs": [(_("Opportunities"), reverse("opportunities"))]}


def visible_opportunity(request: HttpRequest, pk: int) -> Opportunity:
    """The opportunity, if this person may see it."""
    opportunities = Opportunity.objects.visible_to(request.user).select_related("customer", "stage")
    return get_object_or_404(opportunities, pk=pk)


@permission_required(ADD_OPPORTUNITY, raise_exception=True)
def opportunity_create(request: HttpRequest) -> HttpResponse:
    """A new opportunity, for the customer that the address may name by reference."""
    reference = request.GET.get("customer", "").replace("\x00", "")
    initial = {"owner": request.user.pk, "customer": reference}
    form = OpportunityForm(request.POST or None, user=request.user, initial=initial)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        opportunity = add_opportunity(fields=form.changes(), at=timezone.now())
        messages.success(request, _("“%(opportunity)s” was added.") % {"opportunity": opportunity})
        return redirect("opportunities")
    context = {
        "page_title": _("New opportunity"),
        "breadcrumbs": [(_("Opportunities"), reverse("opportunities"))],
        "form": form,
        "cancel_url": reverse("opportunities"),
    }
    return render(request, "generic/form.html", context, status=422 if form.is_bound else 200)


@permission_required(CHANGE_OPPORTUNITY, raise_exception=True)
def opportunity_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an opportunity, unless somebody else did so since this form was opened."""
    opportunity = visible_opportunity(request, pk)
    title = opportunity.title
    form = OpportunityForm(request.POST or None, user=request.user, instance=opportunity)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid() and _changed(form):
        messages.success(request, _("The opportunity was saved."))
        return redirect("opportunities")
    context = {
        "page_title": title,
        "breadcrumbs": [(_("Opportunities"), reverse("opportunities"))],
        "opportunity": opportunity,
        "form": form,
        "cancel_url": reverse("opportunities"),
    }
    return render(request, "customers/opportunity_form.html", context, status=422 if form.is_bound else 200)


def _changed(form: OpportunityForm) -> bool:
    version = form.cleaned_data["version"]
    try:
        change_opportunity(opportunity_id=form.instance.pk, version=version, changes=form.changes())
    except ChangedMeanwhile:
        form.changed_by_another()
        return False
    return True


@permission_required(CHANGE_OPPORTUNITY, raise_exception=True)
def opportunity_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move an opportunity into another stage; the board moves cards by this, and so do people without scripts."""
    opportunity = visible_opportunity(request, pk)
    initial = {"stage": opportunity.stage_id, "version": opportunity.version}
    form = MoveForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            return _moved(request, opportunity, form)
        except LossReasonMissing:
            if "loss_reason" in request.POST:
                form.ask_for_reason()
            else:  # the card was dropped on "lost": asking why is the next step, not a fault
                lost = {"stage": form.cleaned_data["stage"].pk, "version": form.cleaned_data["version"]}
                form = MoveForm(initial=lost)
        except ChangedMeanwhile as conflict:
            return board_page(request, fault=_told(conflict.opportunity), status=409)
    context = {
        "page_title": _("Move “%(opportunity)s”") % {"opportunity": opportunity},
        "breadcrumbs": [(_("Opportunities"), reverse("opportunities"))],
        "form": form,
        "submit_label": _("Move"),
        "cancel_url": reverse("opportunities"),
    }
    return render(request, "generic/form.html", context, status=422 if form.is_bound else 200)


def _moved(request: HttpRequest, opportunity: Opportunity, form: MoveForm) -> HttpResponse:
    stage = form.cleaned_data["stage"]
    move_opportunity(
        opportunity_id=opportunity.pk,
        version=form.cleaned_data["version"],
        stage=stage,
        loss_reason=form.cleaned_data["loss_reason"],
        at=timezone.now(),
    )
    words = {"opportunity": opportunity, "stage": stage.label}
    messages.success(request, _("“%(opportunity)s” now stands under %(stage)s.") % words)
    whose = request.GET.get("whose", "")
    return redirect(reverse("opportunities") + (f"?whose={whose}" if whose in ("mine", "team") else ""))


def _told(opportunity: Opportunity) -> str:
    words = {"opportunity": opportunity, "stage": opportunity.stage.label}
    return (
        _(
            "Somebody else has just changed “%(opportunity)s”; it now stands under %(stage)s. Nothing was moved: the "
            "board below is up to date."
        )
        % words
    )
