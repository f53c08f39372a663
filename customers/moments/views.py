"""Screens of contact moments: the timeline with its filters, and the forms that note and correct one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.panels import answer_panel
from customers.models import ContactMoment, Customer
from customers.moments.actions import handled_touchpoint, log_moment, settle_moment
from customers.moments.forms import QUICK, MomentForm, Quick
from customers.moments.timeline import Narrowed, choices_of, timeline, together
from customers.permissions import ADD_MOMENT, ADD_TASK, CHANGE_MOMENT, VIEW_CUSTOMERS, VIEW_MOMENTS

REMEMBERED = "quick_touchpoints"


def _customer(request: HttpRequest, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)


def _page(customer: Customer, title: str) -> dict[str, Any]:
    return {
        "page_title": title,
        "page_subtitle": str(customer),
        "breadcrumbs": [(_("Customers"), reverse("customers")), (str(customer), customer.get_absolute_url())],
        "customer": customer,
        "cancel_url": customer.get_absolute_url() + "#moments",
    }


@permission_required((VIEW_CUSTOMERS, VIEW_MOMENTS), raise_exception=True)
def moments_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The timeline of a customer with its filters, in its place on the file or as a page; with `after` what follows."""
    customer = _customer(request, pk)
    narrowed, place = Narrowed.read(request.GET), request.GET.get("after", "")
    may_change = request.user.has_perm(CHANGE_MOMENT)
    shown = timeline(customer, narrowed=narrowed, place=place, may_change=may_change)
    context = _page(customer, _("Contact moments")) | {"timeline": shown}
    if place and not shown.lost and "HX-Request" in request.headers:
        response = render(request, "customers/moments_more.html", context)
        patch_vary_headers(response, ["HX-Request"])
        return response
    if shown.lost:
        messages.warning(request, _("This place in the list is unknown; the list is shown from its beginning."))
    context |= {"narrowed": narrowed, "choices": choices_of(customer), "together": together(customer, narrowed)}
    return answer_panel(request, "customers/moments_panel.html", context)


@permission_required(ADD_MOMENT, raise_exception=True)
def moment_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Note a contact moment in a customer's file: in its place there, or on a page of its own."""
    customer, now = _customer(request, pk), timezone.now()
    quick = next((each for each in QUICK if each.code == request.GET.get("as")), None)
    form = MomentForm(
        request.POST or None,
        customer=customer,
        user=request.user,
        now=now,
        may_plan=request.user.has_perm(ADD_TASK),
        quick=quick,
        initial=_beginning(request, quick),
    )
    in_place = "HX-Request" in request.headers
    if request.method == "POST" and form.is_valid():
        planned = form.planned()
        log_moment(customer=customer, employee=request.user, fields=form.entries(), follow_up=planned)  # type: ignore[arg-type]
        if quick and quick.channel:
            _remember(request, quick, form.cleaned_data["touchpoint"].pk)
        noted = _("The contact moment was noted and the follow-up planned.") if planned else ""
        messages.success(request, noted or _("The contact moment was noted."))
        if form.heard is not None:
            messages.info(request, _counted(form.heard))
        return HttpResponse(headers={"HX-Refresh": "true"}) if in_place else redirect(customer)
    title = _("Note a contact moment") if quick is None else str(quick.label)
    context = _page(customer, title) | {"form": form, "here": request.get_full_path()}
    template = "customers/moment_quick.html" if in_place else "generic/form.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def _counted(minutes: int) -> str:
    """Says which duration was read out of the words, so that a wrong one is seen at once."""
    words = ngettext(
        "%(minutes)s minute was taken from the beginning of the summary.",
        "%(minutes)s minutes were taken from the beginning of the summary.",
        minutes,
    )
    return words % {"minutes": minutes}


def _beginning(request: HttpRequest, quick: Quick | None) -> dict[str, Any]:
    """What a quick kind fills in: the touchpoint of the last time, or the channel's own."""
    if quick is None or not quick.channel:
        return {}
    last = request.session.get(REMEMBERED, {}).get(quick.code)
    return {"direction": quick.direction, "touchpoint": last or handled_touchpoint(quick.channel)}


def _remember(request: HttpRequest, quick: Quick, touchpoint: int) -> None:
    remembered = request.session.get(REMEMBERED, {})
    if remembered.get(quick.code) != touchpoint:
        request.session[REMEMBERED] = remembered | {quick.code: touchpoint}


def _moment(request: HttpRequest, pk: int) -> ContactMoment:
    moments = ContactMoment.objects.visible_to(request.user).select_related("customer", "touchpoint")
    return get_object_or_404(moments, pk=pk)


@permission_required(CHANGE_MOMENT, raise_exception=True)
@transaction.atomic
def moment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a contact moment that somebody noted; an e-mail stays as it was written."""
    moment = _moment(request, pk)
    if moment.message_id:
        raise Http404
    customer = moment.customer
    form = MomentForm(
        request.POST or None,
        instance=moment,
        customer=customer,
        user=request.user,
        now=timezone.now(),
        may_plan=False,
    )
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The contact moment was corrected."))
        return redirect(customer.get_absolute_url() + "#moments")
    context = _page(customer, _("Correct a contact moment")) | {"form": form}
    return render(request, "generic/form.html", context, status=422 if form.is_bound else 200)


@permission_required(CHANGE_MOMENT, raise_exception=True)
def moment_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a message needs no reply any more, after asking once."""
    moment = _moment(request, pk)
    if request.method == "POST":
        settle_moment(moment_id=moment.pk)
        messages.success(request, _("Nobody needs to reply any more."))
        return redirect(moment.customer.get_absolute_url() + "#moments")
    context = _page(moment.customer, _("No reply needed")) | {
        "confirm_text": _("Take “%(touchpoint)s” from what waits for a reply? The contact moment itself stays.")
        % {"touchpoint": moment.touchpoint},
        "confirm_label": _("No reply needed"),
    }
    return render(request, "generic/confirm.html", context)
