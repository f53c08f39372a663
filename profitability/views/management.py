"""The management report: as a PDF at once, and by e-mail each month for whoever asks."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.progress import progress_of
from customers.models import Company
from profitability.models import ReportMail, ReportSubscription
from profitability.permissions import SEE_VALUE
from profitability.report_actions import file_name, is_prepared, report_pdf, request_preparation, subscribe, unsubscribe
from profitability.report_forms import ReportWishForm
from profitability.reports.runs import published_now

MAILS_SHOWN = 12


@permission_required(SEE_VALUE, raise_exception=True)
def management_report(request: HttpRequest) -> HttpResponse:
    """The report of the current run in the reader's language as a file; before that, a job prepares it once a run."""
    published, reader = published_now(), cast(User, request.user)
    if published is None:
        raise Http404
    if not is_prepared(published):
        job = request_preparation(run=published.run, by=reader)
        context = {"page_title": _("Management report"), "job": progress_of(job)}
        return render(request, "profitability/report_waiting.html", context)
    pdf = report_pdf(published=published, reader=reader, company=Company.of(request))
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{file_name(published)}"'},
    )


@permission_required(SEE_VALUE, raise_exception=True)
def report_wishes(request: HttpRequest) -> HttpResponse:
    """Whether one gets the report each month, and those that were sent (2 queries)."""
    user = cast(User, request.user)
    wish = ReportSubscription.objects.filter(user=user).first()
    opened = {"monthly": wish is not None, "language": wish.language if wish else get_language()}
    form = ReportWishForm(request.POST if request.method == "POST" else None, initial=opened)
    if request.method == "POST" and form.is_valid():
        messages.success(request, _settle(user, **form.cleaned_data))
        return redirect("report-wishes")
    context = {
        "page_title": _("Monthly management report"),
        "form": form,
        "mails": ReportMail.objects.visible_to(user)[:MAILS_SHOWN],
        "may_download": published_now() is not None,
    }
    return render(request, "profitability/report_wishes.html", context, status=422 if form.errors else 200)


def _settle(user: User, *, monthly: bool, language: str) -> str:
    """Do as was wished, and say so."""
    if not monthly:
        unsubscribe(user=user)
        return _("You will get no more management reports.")
    subscribe(user=user, language=language)
    return _("You will get the management report each month, at %(address)s.") % {"address": user.email}
