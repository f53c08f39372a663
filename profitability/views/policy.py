"""What managers decide about value: horizon, discount rate, and where the categories begin."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.components import Fact
from crm_site.lib.formatting import day, number, percent
from crm_site.lib.jobs.progress import progress_of
from customers.models import Company
from profitability.models import ValuePolicy
from profitability.permissions import EDIT_VALUE_POLICY, SEE_VALUE, START_RUN
from profitability.policy_forms import ValuePolicyForm
from profitability.reports.runs import Published, active_recompute, published_now


@permission_required((SEE_VALUE, EDIT_VALUE_POLICY), raise_exception=True)
@transaction.atomic
def value_policy(request: HttpRequest) -> HttpResponse:
    """Read and change the one policy; what is saved counts from the next recompute on (3 queries)."""
    policy = ValuePolicy.current()
    form = ValuePolicyForm(request.POST or None, instance=policy, currency=Company.of(request).currency)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. Lifetime values and categories follow it from the next recompute on."))
        return redirect("value-policy")
    published, job = published_now(), active_recompute()
    context = {
        "page_title": _("Horizon, discount rate and categories"),
        "page_subtitle": _("What lifetime values and categories are computed with"),
        "breadcrumbs": [(_("How sure are we?"), reverse("value-models"))],
        "form": form,
        "cancel_url": reverse("value-models"),
        "facts": _in_force(published) if published else [],
        "outdated": published is not None and _differs(published, ValuePolicy.current()),
        "may_recompute": request.user.has_perm(START_RUN),
        "job": progress_of(job) if job else None,
    }
    return render(request, "profitability/value_policy.html", context, status=422 if form.errors else 200)


def _in_force(published: Published) -> list[Fact]:
    """What the current figures were computed with."""
    model = published.totals.lifetime_model
    return [
        Fact(_("Figures as of"), day(published.run.as_of), reverse("run", args=[published.run.pk])),
        Fact(_("Horizon in years"), number(model.horizon_years)),
        Fact(_("Discount rate a year"), percent(model.yearly_discount_rate)),
        Fact(_("Best share of customers"), percent(published.totals.ranking.best.share_of_customers)),
    ]


def _differs(published: Published, policy: ValuePolicy) -> bool:
    """Whether lifetime values would come out otherwise with what is entered now."""
    model: Any = published.totals.lifetime_model
    entered = (policy.horizon_years, round(float(policy.yearly_discount_rate), 6))
    return (model.horizon_years, round(model.yearly_discount_rate, 6)) != entered
