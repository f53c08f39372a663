"""The costing workshop: versions of the costing, and the cost pools and activities of a draft."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_site.lib.components import Tab
from customers.models import Company, Run
from profitability import costing_actions as actions
from profitability.actions import request_recompute
from profitability.costing_actions import ChangedMeanwhile, Published
from profitability.costing_forms import ActivityForm, CostingForm, DraftForm, PoolForm
from profitability.models import Activity, Costing, CostPool
from profitability.permissions import EDIT_COSTING, SEE_VALUE, START_RUN
from profitability.reports.costing import missing_amounts, months_with_orders, plan_of
from profitability.reports.equations import example_of, offered_names
from profitability.reports.notices import warnings_about_amounts
from profitability.reports.profit_changes import changes_url
from profitability.reports.versions import compare
from profitability.reports.workshop import problems_of, versions
from profitability.tables import workshop as tables
from profitability.tables.amounts import amounts_sheet
from profitability.tables.costing import activities_table, pools_table
from profitability.views.files import page_with_files

NEW = "new"


def costing_tabs(user: Any, active: str) -> list[Tab]:
    """The pages about costing."""
    names = {
        "costing": (_("In force"), "calculator"),
        "costing-reconciliation": (_("Reconciliation"), "scale"),
        "costing-rates": (_("Rates compared"), "chart-line"),
        "costing-versions": (_("Versions"), "stack-2"),
    }
    return [Tab(label, reverse(name), name == active, icon=icon) for name, (label, icon) in names.items()]


def breadcrumbs(costing: Costing | None = None) -> list[tuple[str, str]]:
    """The way from the costing to a page below a version."""
    way = [(_("Costing"), reverse("costing"))]
    if costing:
        way += [(_("Versions"), reverse("costing-versions")), (costing.name, version_url(costing))]
    return way


def version_url(costing: Costing) -> str:
    return reverse("costing-version", args=[costing.pk])


def visible_costing(request: HttpRequest, pk: int) -> Costing:
    return get_object_or_404(Costing.objects.visible_to(request.user), pk=pk)


def sent_back(request: HttpRequest, costing: Costing) -> HttpResponse:
    """Tell that a version was published, and show it."""
    text = _("“%(costing)s” was published and no longer changes. Copy it to a new draft.")
    messages.error(request, text % {"costing": costing.name})
    return redirect(version_url(costing))


# --- Versions -------------------------------------------------------------------------------------------------------


@permission_required(SEE_VALUE, raise_exception=True)
def costing_versions(request: HttpRequest) -> HttpResponseBase:
    """Every version of the costing: the one in force, those before it, and drafts."""
    found = versions(Costing.objects.visible_to(request.user))
    latest = [version.costing for version in found]
    context: dict[str, Any] = {
        "page_title": _("Versions of the costing"),
        "breadcrumbs": breadcrumbs(),
        "tabs": costing_tabs(request.user, "costing-versions"),
        "table": tables.versions_table(found),
        "costings": latest,
        "may_edit": request.user.has_perm(EDIT_COSTING),
        "source": next((one for one in latest if one.is_current), latest[0] if latest else None),
    }
    return page_with_files(request, "profitability/costing_versions.html", context, versions=context["table"])


@require_POST
@permission_required(EDIT_COSTING, raise_exception=True)
def costing_new(request: HttpRequest) -> HttpResponse:
    """Begin a draft: a copy of a version, or an empty one."""
    source = request.POST.get("from", "")
    if source.isdecimal():
        costing = visible_costing(request, int(source))
        draft = actions.copy_costing(costing=costing, name=_next_name(costing.name))
        messages.success(request, _("“%(draft)s” is a copy that you can change.") % {"draft": draft.name})
    else:
        draft = actions.begin_costing(name=_("Costs of %(year)s") % {"year": timezone.localdate().year})
        messages.success(request, _("Begin with the cost pools: what costs money every month."))
    return redirect(version_url(draft))


def _next_name(name: str) -> str:
    """The name with a number behind it that no version has yet, past a number (not a year) already there (1 query)."""
    stem, _blank, number = name.rpartition(" (")
    counted = number.removesuffix(")")
    if not stem or not counted.isdecimal():
        stem, counted = name[:110], "1"
    taken = set(Costing.objects.filter(name__startswith=stem).values_list("name", flat=True))
    return next(free for at in itertools.count(int(counted) + 1) if (free := f"{stem} ({at})") not in taken)


@permission_required(SEE_VALUE, raise_exception=True)
def costing_version(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One version: its cost pools and activities, and for a draft what is still missing."""
    costing = visible_costing(request, pk)
    plan = plan_of(costing)
    may_edit = costing.is_draft and request.user.has_perm(EDIT_COSTING)
    current = Costing.objects.current()
    context: dict[str, Any] = {
        "page_title": costing.name,
        "breadcrumbs": [*breadcrumbs(), (_("Versions"), reverse("costing-versions"))],
        "costing": costing,
        "may_edit": may_edit,
        "may_copy": request.user.has_perm(EDIT_COSTING),
        "problems": problems_of(costing) if may_edit else [],
        "pools": pools_table(plan, Company.of(request).currency, editable=may_edit),
        "activities": activities_table(plan, editable=may_edit),
        "against": current if current and current.pk != costing.pk else costing.copied_from,
    }
    return page_with_files(
        request,
        "profitability/costing_version.html",
        context,
        pools=context["pools"],
        activities=context["activities"],
        amounts=amounts_sheet(costing),
    )


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The name of a draft, and its assumed cost of goods."""
    costing = visible_costing(request, pk)

    def save(form: DraftForm) -> None:
        actions.change_costing(costing_id=costing.pk, stood=form.cleaned_data["stood"], values=form.values())

    form = CostingForm(request.POST or None, instance=costing, costing=costing)
    return _form_page(request, form, save, title=_("Name and assumptions"))


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a draft the version in force, or put a published one in force again; figures follow with a recompute."""
    costing = visible_costing(request, pk)
    problems = problems_of(costing) if costing.is_draft else []
    if request.method == "POST" and not problems:
        actions.publish(costing_id=costing.pk, at=timezone.now())
        if "recompute" in request.POST and request.user.has_perm(START_RUN):
            request_recompute(reason=Run.Reason.ASKED, requested_by=request.user)
            messages.success(request, _("“%(costing)s” is in force; a recompute began.") % {"costing": costing.name})
        else:
            text = _("“%(costing)s” counts from the next recompute on.")
            messages.success(request, text % {"costing": costing.name})
        return redirect("costing")
    context = {
        "page_title": _("Put “%(costing)s” in force") % {"costing": costing.name},
        "breadcrumbs": breadcrumbs(costing),
        "costing": costing,
        "problems": problems,
        "warnings": warnings_about_amounts(missing_amounts(costing, months_with_orders())),
        "may_recompute": request.user.has_perm(START_RUN),
        "cancel_url": version_url(costing),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "profitability/costing_publish.html", context, status=status)


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a draft up."""
    costing = visible_costing(request, pk)

    def delete() -> None:
        actions.delete_draft(costing_id=costing.pk)

    text = _("The draft “%(costing)s” goes with everything in it; published versions stay.") % {"costing": costing.name}
    return _delete_page(
        request, costing, delete, title=_("Give this draft up"), text=text, after=reverse("costing-versions")
    )


@permission_required(SEE_VALUE, raise_exception=True)
def costing_compare(request: HttpRequest) -> HttpResponseBase:
    """Two versions side by side: cost pools, activities, rates, and the profit of each category under both."""
    choices = list(Costing.objects.visible_to(request.user))
    by_key = {str(costing.pk): costing for costing in choices}
    before, after = by_key.get(request.GET.get("before", "")), by_key.get(request.GET.get("after", ""))
    currency = Company.of(request).currency
    found = compare(before, after) if before and after and before != after else None
    if len(choices) > 1 and not (before or after):
        after, before = choices[:2]  # the latest two are offered first
    context: dict[str, Any] = {
        "page_title": _("Compare versions"),
        "breadcrumbs": [*breadcrumbs(), (_("Versions"), reverse("costing-versions"))],
        "choices": choices if len(choices) > 1 else [],
        "is_same": bool(before and before == after),
        "before": before,
        "after": after,
        "found": found,
        "changes_url": changes_url(found.switch.run) if found and found.switch else "",
        "pools": tables.compared_pools(found, currency) if found else None,
        "activities": tables.compared_activities(found) if found else None,
        "rates": tables.compared_rates(found, currency) if found and found.rates else None,
        "categories": tables.compared_categories(found, currency) if found and found.categories else None,
    }
    files = {name: context[name] for name in ("pools", "activities", "rates", "categories")}
    return page_with_files(request, "profitability/costing_compare.html", context, **files)


# --- Cost pools and activities --------------------------------------------------------------------------------------


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_pool_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A new cost pool of a draft."""
    costing = visible_costing(request, pk)
    form = PoolForm(request.POST or None, instance=CostPool(costing=costing), costing=costing)
    return _form_page(
        request,
        form,
        lambda valid: actions.add_pool(costing_id=costing.pk, values=valid.values()),
        title=_("New cost pool"),
    )


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_pool(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a cost pool of a draft."""
    pool = _visible(request, CostPool, pk)
    title = pool.label

    def save(form: DraftForm) -> None:
        actions.change_pool(pool_id=pool.pk, stood=form.cleaned_data["stood"], values=form.values())

    form = PoolForm(request.POST or None, instance=pool, costing=pool.costing)
    extra = {"delete_url": reverse("costing-pool-delete", args=[pool.pk])}
    return _form_page(request, form, save, title=title, extra=extra)


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_pool_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a cost pool out of a draft."""
    pool = _visible(request, CostPool, pk)
    text = _("“%(pool)s” goes with all its amounts and the shares that activities take of it.") % {"pool": pool.label}
    return _delete_page(request, pool.costing, lambda: actions.delete_pool(pool_id=pool.pk), text=text)


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_activity_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A new activity of a draft."""
    costing = visible_costing(request, pk)
    form = ActivityForm(request.POST or None, instance=Activity(costing=costing), costing=costing)

    def save(valid: DraftForm) -> None:
        assert isinstance(valid, ActivityForm)
        actions.add_activity(costing_id=costing.pk, values=valid.values(), shares=valid.shares())

    return _form_page(request, form, save, title=_("New activity"), template="profitability/costing_activity.html",
                      extra=_equation_context(request, ""))  # fmt: skip


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_activity(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an activity of a draft: its method, what it takes, and its driver or time equation."""
    activity = _visible(request, Activity, pk)
    title, equation = activity.label, activity.equation
    form = ActivityForm(request.POST or None, instance=activity, costing=activity.costing)

    def save(valid: DraftForm) -> None:
        assert isinstance(valid, ActivityForm)
        stood = valid.cleaned_data["stood"]
        actions.change_activity(activity_id=activity.pk, stood=stood, values=valid.values(), shares=valid.shares())

    extra = {"delete_url": reverse("costing-activity-delete", args=[activity.pk])}
    extra |= _equation_context(request, request.POST.get("equation", equation))
    return _form_page(request, form, save, title=title, template="profitability/costing_activity.html", extra=extra)


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_activity_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an activity out of a draft."""
    activity = _visible(request, Activity, pk)
    text = _("“%(activity)s” goes; what it took stays in its cost pools.") % {"activity": activity.label}
    return _delete_page(request, activity.costing, lambda: actions.delete_activity(activity_id=activity.pk), text=text)


def _visible(request: HttpRequest, model: type[Any], pk: int) -> Any:
    """A part of a costing that this person may see (1 query)."""
    costings = Costing.objects.visible_to(request.user)
    return get_object_or_404(model.objects.select_related("costing").filter(costing__in=costings), pk=pk)


def _equation_context(request: HttpRequest, equation: str) -> dict[str, Any]:
    return {"names": offered_names(), "example": example_of(equation, user=request.user, number="")}


def _form_page(
    request: HttpRequest,
    form: DraftForm,
    save: Callable[[DraftForm], object],
    *,
    title: str,
    template: str = "profitability/costing_form.html",
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """A form of a draft: saved, refused with its faults, or refused because of what somebody else did meanwhile."""
    costing = form.costing
    if not costing.is_draft:
        return sent_back(request, costing)
    if request.method == "POST" and form.is_valid():
        try:
            save(form)
        except Published:
            return sent_back(request, costing)
        except ChangedMeanwhile as conflict:
            form.refused(conflict)
        else:
            messages.success(request, _("Saved. It counts once this draft is published."))
            return redirect(version_url(costing))
    context = {
        "page_title": title,
        "breadcrumbs": breadcrumbs(costing),
        "form": form,
        "cancel_url": version_url(costing),
        "costing": costing,
        **(extra or {}),
    }
    return render(request, template, context, status=422 if form.is_bound else 200)


def _delete_page(
    request: HttpRequest, costing: Costing, delete: Callable[[], None], *, text: str, title: str = "", after: str = ""
) -> HttpResponse:
    """Ask once more, then delete; what activities still use is kept."""
    if not costing.is_draft:
        return sent_back(request, costing)
    if request.method == "POST":
        try:
            delete()
        except Published:
            return sent_back(request, costing)
        except ProtectedError:
            messages.error(request, _("Activities still use the minutes of this cost pool. Change them first."))
        else:
            messages.success(request, _("Deleted."))
        return redirect(after or version_url(costing))
    context = {
        "page_title": title or _("Delete from “%(costing)s”") % {"costing": costing.name},
        "breadcrumbs": breadcrumbs(costing),
        "confirm_text": text,
        "confirm_label": _("Delete"),
        "confirm_tone": "danger",
        "cancel_url": version_url(costing),
    }
    return render(request, "generic/confirm.html", context)
