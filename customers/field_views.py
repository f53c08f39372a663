"""One field of a customer, changed in place on the file; without scripts, on a page of its own."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.actions import EditConflict, change_customer
from customers.forms import FieldForm
from customers.models import Customer
from customers.permissions import CHANGE_CUSTOMER
from customers.tables import EDITED_IN_PLACE, contact_fact


@permission_required(CHANGE_CUSTOMER, raise_exception=True)
def customer_field(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Change one field, unless somebody changed the customer since the field was opened."""
    if name not in EDITED_IN_PLACE:
        raise Http404
    customer = get_object_or_404(Customer.objects.visible_to(request.user).select_related("owner"), pk=pk)
    who = str(customer)
    form = FieldForm(request.POST or None, instance=customer, name=name, user=request.user)
    in_place = "HX-Request" in request.headers
    if request.method == "POST" and form.is_valid() and (changed := _changed(form)):
        return _after(request, changed, name, in_place=in_place)
    file_url = reverse("customer", args=[pk])
    context = {
        "page_title": form.fields[name].label,
        "page_subtitle": who,
        "breadcrumbs": [(_("Customers"), reverse("customers")), (who, file_url)],
        "form": form,
        "field": form[name],
        "cancel_url": file_url,
    }
    template = "customers/field_form.html" if in_place else "generic/form.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def _changed(form: FieldForm) -> Customer | None:
    try:
        return change_customer(
            customer_id=form.instance.pk, version=form.data.get("version", ""), changes=form.changes()
        )
    except EditConflict:
        form.changed_by_another()
        return None


def _after(request: HttpRequest, customer: Customer, name: str, *, in_place: bool) -> HttpResponse:
    """The field as it stands now; the whole file for whoever came by a page."""
    done = _("The changes to %(customer)s were saved.") % {"customer": customer}
    if not in_place:
        messages.success(request, done)
        return redirect(customer)
    fact = contact_fact(customer, name, may_change=True)
    response = render(request, "components/fact_value.html", {"fact": fact})
    response["HX-Trigger"] = json.dumps({"toast": {"text": done, "level": "success"}})
    return response
