"""Recomputes: their list, one of them, and the button that starts one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm_site.lib.jobs.progress import Reload, progress_of
from crm_site.lib.tables import Table
from crm_site.lib.views import ListPage
from customers.models import Company, Order, Run
from customers.permissions import EXPORT
from profitability.actions import request_recompute
from profitability.models import ProfitChange
from profitability.permissions import SEE_RUNS, SEE_VALUE, START_RUN
from profitability.reports.model_words import lifetime_model_facts, notes_in_words
from profitability.reports.profit_changes import changes_url
from profitability.reports.runs import Published, RunReport, active_recompute, failed_recompute, listed, run_report
from profitability.reports.scope_words import reason_in_words
from profitability.reports.sentences import twenty_eighty
from profitability.run_forms import FiguresDayForm
from profitability.tables import RUNS, change_facts, moves_table, run_facts, stage_facts
from profitability.views.files import page_with_files


def recompute_context(user: AbstractUser | AnonymousUser, *, reload: Reload = "done") -> dict[str, Any]:
    """The recompute under way and whether this person may start one (1 query); its end brings the new figures."""
    job = active_recompute()
    return {"job": progress_of(job, reload=reload) if job else None, "may_recompute": user.has_perm(START_RUN)}


def run_url(user: AbstractUser | AnonymousUser, published: Published | None) -> str:
    """Where a run is told about, for whoever may read that."""
    return reverse("run", args=[published.run.pk]) if published and user.has_perm(SEE_RUNS) else ""


class RunList(ListPage):
    """Every recompute, the latest first."""

    permission_required = SEE_RUNS
    export_permission = EXPORT
    raise_exception = True
    title = gettext_lazy("Recomputes")
    template_name = "profitability/runs.html"

    def get_table(self) -> Table:
        return RUNS

    def get_rows(self) -> QuerySet[Run]:
        return listed(Run.objects.visible_to(self.request.user))

    def get_currency(self) -> str:
        return Company.of(self.request).currency

    def get_context(self) -> dict[str, Any]:
        failed = failed_recompute()
        return recompute_context(self.request.user, reload="ended") | {
            "failed": progress_of(failed) if failed else None,
            "may_retry": self.request.user.has_perm(START_RUN),
        }


@permission_required(SEE_RUNS, raise_exception=True)
def run_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One recompute: how it went, what changed, and the models behind the lifetime values."""
    runs = Run.objects.visible_to(request.user).select_related("job__requested_by")
    report = run_report(get_object_or_404(runs, pk=pk))
    currency = Company.of(request).currency
    totals = report.totals
    waiting = report.run.job if report.run.job and not report.run.published_at else None
    context = recompute_context(request.user) | {
        "page_title": _("Recompute %(number)s") % {"number": pk},
        "breadcrumbs": [(_("Recomputes"), reverse("runs"))],
        "report": report,
        "run": report.run,
        "facts": run_facts(report),
        "job_progress": progress_of(waiting, reload="ended") if waiting else None,
        "may_retry": report.state.code in ("failed", "stopped") and request.user.has_perm(START_RUN),
        "finding": twenty_eighty(totals.ranking, currency) if totals else None,
        "changes": change_facts(report.changes, currency) if report.changes else None,
        "changes_url": _changes_url(request.user, report),
        "notes": notes_in_words(totals) if totals else [],
        "stages": stage_facts(totals) if totals else [],
        "extent": reason_in_words(totals.scope) if totals and totals.scope else "",
        "moves": moves_table(report.moves) if report.moves else None,
        "model": lifetime_model_facts(totals.lifetime_model, currency) if totals else None,
    }
    return page_with_files(request, "profitability/run.html", context, moves=context["moves"])


def _changes_url(user: AbstractUser | AnonymousUser, report: RunReport) -> str:
    """Where it is told whose profit changed (1 query); nowhere when that is not known any more."""
    if report.changes is None or not user.has_perm(SEE_VALUE):
        return ""
    told = report.run.is_current or ProfitChange.objects.filter(run=report.run).exists()
    return changes_url(report.run) if told else ""


@require_POST
@permission_required(START_RUN, raise_exception=True)
def run_start(request: HttpRequest) -> HttpResponse:
    """Ask for a recompute and go back to where the button was."""
    request_recompute(reason=Run.Reason.ASKED, requested_by=request.user)
    messages.success(request, _("The recompute was asked for. The figures change when it is done."))
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "runs")


@permission_required(START_RUN, raise_exception=True)
def run_as_of(request: HttpRequest) -> HttpResponse:
    """Ask for figures of an earlier day, as where the records of a company end with it (1 query)."""
    today = timezone.localdate()
    span = Order.objects.aggregate(first=Min("ordered_on"), last=Max("ordered_on"))
    first, last = span["first"] or today, span["last"] or today
    given = request.POST if request.method == "POST" else None
    form = FiguresDayForm(given, first=min(first, today), today=today, initial={"as_of": min(last, today)})
    if given is not None and form.is_valid():
        request_recompute(reason=Run.Reason.ASKED, requested_by=request.user, as_of=form.cleaned_data["as_of"])
        messages.success(request, _("The recompute was asked for. The figures change when it is done."))
        return redirect("runs")
    context = {
        "page_title": _("Figures of another day"),
        "breadcrumbs": [(_("Recomputes"), reverse("runs"))],
        "form": form,
        "form_intro": _(
            "Where the records of a company end earlier than today, every customer would seem to have left. These "
            "figures stand until the next recompute, which is that of its own day again: every night, and after each "
            "import."
        ),
        "submit_label": _("Recompute now"),
        "cancel_url": reverse("runs"),
    }
    return render(request, "generic/form.html", context, status=422 if form.is_bound else 200)
