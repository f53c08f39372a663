"""Screens of likely duplicates: their list, comparing and merging two, and undoing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm_site.lib.components import Paging
from crm_site.lib.counting import capped_count
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.progress import progress_of
from crm_site.lib.paging import BadCursor, Order, Page, Sort, read_page
from crm_site.lib.tables import Table
from crm_site.lib.views import ListPage
from customers.duplicates import columns
from customers.duplicates.actions import FIND_DUPLICATES, request_finding, tell_apart
from customers.duplicates.choices import choices, values_of
from customers.duplicates.forms import MergeForm
from customers.duplicates.merging import MergeRefused, fingerprint, merge_customers
from customers.duplicates.reports import Belonging, belongings
from customers.duplicates.tables import MERGES, pair_card, side
from customers.duplicates.undoing import UndoRefused, obstacles, undo_merge
from customers.models import Company, Customer, DuplicatePair, Merge
from customers.models.duplicate import DuplicatePairQuerySet, MergeQuerySet
from customers.permissions import MERGE

MOST_ALIKE = Order(Sort("score"), descending=True)
PAIRS_ON_A_PAGE = 10


# --- Likely duplicates


@permission_required(MERGE, raise_exception=True)
def duplicates_page(request: HttpRequest) -> HttpResponse:
    """The pairs that somebody should look at, most alike first (4 queries)."""
    pairs = DuplicatePair.objects.visible_to(request.user).open()
    page = _pairs(request, pairs.select_related("first", "second"))
    context = {
        "page_title": _("Likely duplicates"),
        "breadcrumbs": [(_("Customers"), reverse("customers"))],
        "cards": [pair_card(pair) for pair in page.rows],
        "paging": _paging(page, pairs),
        **_search_context(request),
    }
    return render(request, "customers/duplicates.html", context)


def _pairs(request: HttpRequest, pairs: DuplicatePairQuerySet) -> Page:
    try:
        return read_page(pairs, MOST_ALIKE, size=PAIRS_ON_A_PAGE, cursor=request.GET.get("after", ""))
    except BadCursor:
        messages.warning(request, _("This place in the list is unknown; the list is shown from its beginning."))
        return read_page(pairs, MOST_ALIKE, size=PAIRS_ON_A_PAGE)


def _paging(page: Page, pairs: DuplicatePairQuerySet) -> Paging:
    count = capped_count(pairs)
    return Paging(
        previous_url=f"?after={page.previous}" if page.previous else "",
        next_url=f"?after={page.next}" if page.next else "",
        first_url="?" if page.previous else "",
        shown=len(page.rows),
        count=count.rows,
        capped=count.capped,
    )


def _search_context(request: HttpRequest) -> dict[str, Any]:
    """How the latest search went (1 query); its progress for whoever may follow that job."""
    job = Job.objects.filter(kind=FIND_DUPLICATES.name).order_by("-pk").first()
    if job is None:
        return {}
    may_follow = job.requested_by_id == request.user.pk or request.user.has_perm("jobs.view_job")
    shown = job.is_active or job.state == Job.State.FAILED
    return {"searched_at": job.finished_at, "searching": job.is_active} | (
        {"progress": progress_of(job)} if may_follow and shown else {}
    )


@require_POST
@permission_required(MERGE, raise_exception=True)
def duplicates_find(request: HttpRequest) -> HttpResponse:
    """Search through all customers in the background."""
    request_finding(requested_by=request.user)  # type: ignore[arg-type]
    return redirect("duplicates")


@require_POST
@permission_required(MERGE, raise_exception=True)
def duplicate_different(request: HttpRequest, pk: int) -> HttpResponse:
    """The two are not the same customer."""
    pairs = DuplicatePair.objects.visible_to(request.user).select_related("first", "second")
    pair = get_object_or_404(pairs, pk=pk)
    tell_apart(pair=pair, by=request.user)  # type: ignore[arg-type]
    names = {"one": pair.first, "other": pair.second}
    messages.success(request, _("%(one)s and %(other)s will not be shown as duplicates again.") % names)
    return redirect("duplicates")


# --- Merging


@permission_required(MERGE, raise_exception=True)
def customer_merge(request: HttpRequest, pk: int, other_pk: int) -> HttpResponse:
    """Compare two customers, choose field by field, and make them one."""
    both = _both(request, pk, other_pk)
    owned = {customer.pk: belongings(customer) for customer in both}
    kept = max(both, key=lambda customer: (sum(each.count for each in owned[customer.pk]), -customer.pk))
    made = choices(*both, kept=kept, currency=Company.of(request).currency)
    versions = {row["id"]: fingerprint(row) for row in columns.read(Customer, [pk, other_pk])}
    form = MergeForm(request.POST or None, both=both, made=made, versions=versions)
    if request.method == "POST" and form.is_valid():
        return _merged(request, form, both)
    if request.method == "POST":
        messages.error(request, _("The two have changed since you opened this page. Choose once more."))
    context = _merge_context(both, owned, kept, form)
    return render(request, "customers/merge.html", context, status=422 if form.is_bound else 200)


def _both(request: HttpRequest, pk: int, other_pk: int) -> tuple[Customer, Customer]:
    if pk == other_pk:
        raise Http404
    visible = Customer.objects.visible_to(request.user).select_related("owner", "team", "source", "member_of")
    return get_object_or_404(visible, pk=pk), get_object_or_404(visible, pk=other_pk)


def _merge_context(
    both: tuple[Customer, Customer], owned: dict[int, list[Belonging]], kept: Customer, form: MergeForm
) -> dict[str, Any]:
    versions = [(name, field.initial) for name, field in form.fields.items() if name.startswith("version:")]
    return {
        "page_title": _("Merge two customers"),
        "breadcrumbs": [(_("Customers"), reverse("customers")), (_("Likely duplicates"), reverse("duplicates"))],
        "sides": [(side(customer), owned[customer.pk]) for customer in both],
        "kept": kept,
        "choices": form.made,
        "versions": versions,
        "pair": DuplicatePair.objects.open().filter(first__in=both, second__in=both).first(),
    }


def _merged(request: HttpRequest, form: MergeForm, both: tuple[Customer, Customer]) -> HttpResponse:
    kept, gone = sorted(both, key=lambda customer: customer.pk != form.kept_id())
    fields = values_of(form.chosen(), form.made, kept=kept, gone=gone)
    try:
        merge = merge_customers(kept=kept, gone=gone, fields=fields, by=request.user, versions=form.seen())  # type: ignore[arg-type]
    except MergeRefused as refusal:
        messages.error(request, str(refusal.sentence))
        return redirect(request.path)
    done = _("%(gone)s is now part of %(kept)s. You can undo this until one of both changes.")
    messages.success(request, done % {"gone": merge.gone_label, "kept": f"{merge.kept} ({merge.kept.reference})"})
    return redirect("customer", merge.kept_id)


# --- Merges


class MergeList(ListPage):
    """All merges, the latest first."""

    permission_required = MERGE
    raise_exception = True
    title = gettext_lazy("Merges")
    template_name = "customers/merge_list.html"

    def get_table(self) -> Table:
        return MERGES

    def get_rows(self) -> MergeQuerySet:
        return Merge.objects.visible_to(self.request.user).select_related("kept", "merged_by").defer("moved")


@permission_required(MERGE, raise_exception=True)
def merge_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once more, then make two customers of one again; or say what has changed since."""
    merge = get_object_or_404(Merge.objects.visible_to(request.user).select_related("kept"), pk=pk)
    sentences = obstacles(merge)
    if request.method == "POST" and not sentences:
        try:
            restored = undo_merge(merge=merge, by=request.user)  # type: ignore[arg-type]
        except UndoRefused as refusal:
            sentences = refusal.sentences
        else:
            messages.success(request, _("%(customer)s is a customer of its own again.") % {"customer": restored})
            return redirect("customer", merge.kept_id)
    return render(
        request, "customers/merge_undo.html", _undo_context(merge, sentences), status=409 if sentences else 200
    )


def _undo_context(merge: Merge, sentences: list[str]) -> dict[str, Any]:
    names = {"gone": merge.gone_label, "kept": merge.kept}
    return {
        "page_title": _("Undo a merge"),
        "breadcrumbs": [(_("Merges"), reverse("merges")), (str(merge.kept), merge.kept.get_absolute_url())],
        "merge": merge,
        "sentences": sentences,
        "confirm_text": _("%(gone)s becomes a customer of its own again, with everything that came from there.")
        % names,
        "confirm_label": _("Undo this merge"),
        "cancel_label": _("Leave them merged"),
        "cancel_url": merge.kept.get_absolute_url(),
    }
