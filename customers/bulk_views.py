"""Screens for changing many customers at once: what the bar below the customer list sends."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from psycopg2.errors import QueryCanceled

from crm_site.lib.components import Fact
from crm_site.lib.export import EXPORT_LIMIT
from crm_site.lib.formatting import number
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.progress import progress_of
from crm_site.lib.views import RESPONSES
from customers import bulk
from customers.bulk_forms import FORMS, BulkForm
from customers.permissions import ADD_TASK, CHANGE_CUSTOMER, CHANGE_MANY, EXPORT, MERGE
from customers.selection import BadSelection, Selection, UnusableFilter, read_selection
from customers.views import selected_list

TITLES = {
    bulk.ASSIGN: gettext_lazy("Assign customers"),
    bulk.TAG: gettext_lazy("Tag customers"),
    bulk.TASK: gettext_lazy("Plan a task for each owner"),
}
NEEDED = {bulk.ASSIGN: CHANGE_CUSTOMER, bulk.TAG: CHANGE_CUSTOMER, bulk.TASK: ADD_TASK}
MERGED = "merge"


@permission_required(CHANGE_MANY, raise_exception=True)
@require_POST
def bulk_change(request: HttpRequest) -> HttpResponseBase:
    """Ask what is to be done with the selected customers, then do it."""
    action = request.POST.get("action", "")
    try:
        selection = _selection(request)
        if action in RESPONSES:
            return _file(request, selection, action)
        if action == MERGED:
            return _compared(request, selection)
        if action not in FORMS:
            raise BadSelection
        if not request.user.has_perm(NEEDED[action]):
            raise PermissionDenied
        return _answered(request, selection, action) if "selection" in request.POST else _asked(request, selection)
    except BadSelection:
        messages.error(request, _("Select customers in the list, choose what to do with them, and continue."))
    except UnusableFilter:
        messages.error(request, _(bulk.UNUSABLE))
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        messages.error(request, _("So many customers could not be counted in time. Narrow the list with a filter."))
    return redirect(_list_url(_query_of(request)))


def _query_of(request: HttpRequest) -> str:
    """The address of the list that was sent, as far as it can be believed."""
    try:
        return read_selection(request.POST.get("selection") or request.POST.get("list", ""), request.user).query  # type: ignore[arg-type]
    except BadSelection:
        return ""


def _selection(request: HttpRequest) -> Selection:
    """What was picked: as it was counted before, or as the list has just sent it. Raises BadSelection."""
    if "selection" in request.POST:
        return read_selection(request.POST["selection"], request.user)  # type: ignore[arg-type]
    listed = read_selection(request.POST.get("list", ""), request.user)  # type: ignore[arg-type]
    scope = request.POST.get("scope")
    if scope == "all":
        return Selection(listed.query)
    keys = request.POST.get("page", "").split() if scope == "page" else request.POST.getlist("row")
    if not keys or not all(key.isascii() and key.isdecimal() and len(key) < 19 for key in keys):
        raise BadSelection
    return Selection(listed.query, tuple(sorted({int(key) for key in keys})))


def _asked(request: HttpRequest, selection: Selection) -> HttpResponse:
    """The form of one kind of change, after an exact count (1 query)."""
    user, action = request.user, request.POST["action"]
    found = bulk.recount(selection, user)  # type: ignore[arg-type]
    if not found:
        raise BadSelection
    counted = Selection(selection.query, selection.keys, found)
    # A page that knows what is to be done says so, for the reader to change.
    proposed = {name: request.POST[name] for name in ("title", "note") if name in request.POST}
    form = FORMS[action](initial=proposed | {"action": action, "selection": counted.signed(user)})  # type: ignore[arg-type]
    return _form_page(request, form, counted, action)


def _answered(request: HttpRequest, selection: Selection, action: str) -> HttpResponse:
    form = FORMS[action](request.POST)
    if selection.expected is None:
        raise BadSelection
    if form.is_valid() and (job := _done(request, form, selection)):
        return redirect("customers-bulk-result", job.pk)
    return _form_page(request, form, selection, action)


def _done(request: HttpRequest, form: BulkForm, selection: Selection) -> Job | None:
    """The job that changes the customers or has changed them; none when the list is no longer what it was."""
    user = request.user
    try:
        found = bulk.recount(selection, user)  # type: ignore[arg-type]
        do = bulk.change_at_once if found <= bulk.AT_ONCE else bulk.request_change
        return do(selection=selection, change=form.change(), by=user)  # type: ignore[arg-type]
    except bulk.SelectionChanged as problem:
        form.selection_changed(problem)
        return None


def _form_page(request: HttpRequest, form: BulkForm, selection: Selection, action: str) -> HttpResponse:
    count = selection.expected or 0
    intro = ngettext("%(count)s customer is selected.", "%(count)s customers are selected.", count)
    notes = [intro % {"count": number(count)}]
    if action in bulk.UNDONE_KINDS and count > bulk.MOST_UNDONE:
        most = {"count": number(bulk.MOST_UNDONE)}
        notes.append(_("A change of more than %(count)s customers cannot be undone.") % most)
    if action == bulk.TASK and (alone := count - _owned(request, selection)) > 0:
        text = ngettext(
            "%(count)s of them has no owner: that task comes to you.",
            "%(count)s of them have no owner: those tasks come to you.",
            alone,
        )
        notes.append(text % {"count": number(alone)})
    context = {
        "page_title": TITLES[action],
        "breadcrumbs": [(_("Customers"), reverse("customers"))],
        "form": form,
        "form_intro": " ".join(notes),
        "submit_label": _("Do this"),
        "cancel_url": _list_url(selection.query),
    }
    return render(request, "generic/form.html", context, status=422 if form.is_bound else 200)


def _owned(request: HttpRequest, selection: Selection) -> int:
    """How many of the selected customers somebody who works here owns (1 query)."""
    return bulk.owned(bulk.selected_customers(selection, request.user)).count()  # type: ignore[arg-type]


def _file(request: HttpRequest, selection: Selection, kind: str) -> HttpResponseBase:
    """The selected customers as a file, with the columns and in the order of the list."""
    if not request.user.has_perm(EXPORT):
        raise PermissionDenied
    page = selected_list(selection, request.user)  # type: ignore[arg-type]
    return RESPONSES[kind](page.table.sheet(page.columns, page.order.apply(page.rows)[:EXPORT_LIMIT]))


def _compared(request: HttpRequest, selection: Selection) -> HttpResponse:
    """The page that compares two customers before they are made one (1 query)."""
    if not request.user.has_perm(MERGE):
        raise PermissionDenied
    both = list(bulk.selected_customers(selection, request.user).values_list("pk", flat=True)[:3])  # type: ignore[arg-type]
    if len(both) == 2:
        return redirect("customer-merge", *sorted(both))
    messages.error(request, _("Tick exactly two customers to merge them."))
    return redirect(_list_url(selection.query))


def _list_url(query: str) -> str:
    return f"{reverse('customers')}?{query}" if query else reverse("customers")


@permission_required(CHANGE_MANY, raise_exception=True)
def bulk_result(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a change of many customers is, then what it did."""
    job = _visible(request, pk)
    context: dict[str, Any] = {
        "page_title": TITLES.get(job.params.get("kind", ""), job.label),
        "breadcrumbs": [(_("Customers"), reverse("customers"))],
        "progress": progress_of(job),
        "ended": job.state == Job.State.DONE,
        "facts": _facts(job),
        "job": job,
        "may_undo": "before" in job.result,
        "list_url": _list_url(job.params.get("query", "")),
    }
    return render(request, "customers/bulk_result.html", context)


def _facts(job: Job) -> list[Fact]:
    is_task = job.params.get("kind") == bulk.TASK
    counts = {
        "selected": _("Selected"),
        "changed": _("Tasks planned") if is_task else _("Changed"),
        "undone": _("Restored"),
    }
    facts = [Fact(label, number(job.result[name])) for name, label in counts.items() if name in job.result]
    if is_task and (standing := job.result.get("selected", 0) - job.result.get("changed", 0)):
        facts.insert(2, Fact(_("Had this task already"), number(standing)))
    return facts


@permission_required(CHANGE_MANY, raise_exception=True)
@require_POST
def bulk_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a change back."""
    job = _visible(request, pk)
    restored = bulk.undo(job_id=job.pk, by=request.user)  # type: ignore[arg-type]
    if restored is None:
        messages.warning(request, _("This change can no longer be undone."))
    else:
        text = ngettext(
            "%(count)s customer is as before; whoever was changed since stays as is.",
            "%(count)s customers are as before; whoever was changed since stays as is.",
            restored,
        )
        messages.success(request, text % {"count": number(restored)})
    return redirect("customers-bulk-result", job.pk)


def _visible(request: HttpRequest, pk: int) -> Job:
    return get_object_or_404(Job.objects.visible_to(request.user).filter(kind=bulk.BULK_CHANGE.name), pk=pk)
