"""The management report: made as a PDF, and sent each month to managers who ask for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from crm_site.lib.accounts.models import User
from crm_site.lib.addresses import public_address
from crm_site.lib.formatting import day, month
from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from crm_site.lib.mailing import hand_over, own_domain
from crm_site.lib.typesetting import typeset
from customers.models import Company, Run
from profitability.equity_actions import keep_bridge
from profitability.models import PeriodRanking, ReportMail, ReportSubscription
from profitability.period_actions import compute_ranking
from profitability.permissions import SEE_VALUE
from profitability.reports.management import management_report, periods_compared, rankings_compared
from profitability.reports.runs import Published, published_now
from profitability.tables.management import document

PREPARE_REPORT = JobKind(
    "prepare-report",
    label=gettext_lazy("Preparing of the management report"),
    stages={"ranking": gettext_lazy("Ranking customers")},
    result_url=lambda job: reverse("management-report"),
    result_label=gettext_lazy("Management report (PDF)"),
)
SEND_REPORT = JobKind("send-report", label=gettext_lazy("Sending of a management report"))
State, Refusal = ReportMail.State, ReportMail.Refusal


# --- The document -----------------------------------------------------------------------------------------------------


def report_pdf(*, published: Published, reader: User, company: Company) -> bytes:
    """The report in the language in force, with what its reader may see: half a second, whatever the size."""
    return typeset("management", document(management_report(published, reader), company))


def is_prepared(published: Published) -> bool:
    """Whether the two latest years were ranked, which takes longer (1 query); a run without rows is told as it is."""
    return not published.run.has_rows or rankings_compared(published.run) is not None


def request_preparation(*, run: Run, by: User) -> Job:
    """Ask for what the report of a run needs; whoever asks meanwhile waits for the same job."""
    waiting = Job.objects.active().filter(kind=PREPARE_REPORT.name, params__run=run.pk).first()
    return waiting or enqueue(
        kind=PREPARE_REPORT, params={"run": run.pk}, requested_by=by, dedupe_key=f"prepare-report:{run.pk}"
    )


def prepare_report(*, run_id: int) -> None:
    """Rank the last twelve months and those before them, and tell why equity changed; done already, nothing changes."""
    run = Run.objects.get(pk=run_id)
    for period in periods_compared(run):
        ranking, _created = PeriodRanking.objects.get_or_create(run=run, since=period.since, until=period.until)
        compute_ranking(ranking_id=ranking.pk)
    keep_bridge(run=run)


def file_name(published: Published) -> str:
    """Of the PDF, as it is downloaded or attached."""
    return f"management-report-{published.run.as_of:%Y-%m-%d}.pdf"


# --- Each month -------------------------------------------------------------------------------------------------------


@transaction.atomic
def subscribe(*, user: User, language: str) -> None:
    """Send somebody the report each month from now on, in a language."""
    ReportSubscription.objects.update_or_create(user=user, defaults={"language": language})


def unsubscribe(*, user: User) -> None:
    """Send it no more; what waits already is not sent either."""
    ReportSubscription.objects.filter(user=user).delete()


def request_monthly_reports(*, today: dt.date) -> int:
    """Ask for this month's report for everybody who wants one and has none yet; how many were asked for.

    Any number of times a month: the database keeps a second row of the same person and month away. Nothing before the
    first recompute.
    """
    if published_now() is None:
        return 0
    first = today.replace(day=1)
    wishes = ReportSubscription.objects.filter(user__is_active=True).select_related("user")
    wishes = wishes.exclude(user__report_mails__month=first)
    return sum(_ask_for(wish.user, first) for wish in wishes if wish.user.has_perm(SEE_VALUE))


@transaction.atomic
def _ask_for(user: User, first: dt.date) -> bool:
    mail, created = ReportMail.objects.get_or_create(user=user, month=first)
    if created:
        enqueue(kind=SEND_REPORT, params={"mail": mail.pk})
    return created


def send_report(*, mail_id: int, at: dt.datetime, watch: JobContext) -> dict[str, Any]:
    """Make and send a report that waits, unless it is not wanted or not allowed any more; safe to repeat.

    A worker that dies after the mail server took the report sends it once more, under the same Message-ID.
    """
    with transaction.atomic():
        mail = ReportMail.objects.select_for_update(of=("self",)).select_related("user").filter(pk=mail_id).first()
        if mail is None:
            return {"state": "gone"}
        watch.hold()
        if mail.state == State.WAITING:
            mail.refusal = _refusal(mail.user) or hand_over(_as_email(mail), last=watch.is_last_attempt)
            mail.state = State.REFUSED if mail.refusal else State.SENT
            mail.sent_at = None if mail.refusal else at
            mail.save(update_fields=["state", "refusal", "sent_at"])
    return {"state": mail.state, "refusal": mail.refusal}


def _refusal(user: User) -> str:
    """Why somebody gets nothing, asked at the moment of sending."""
    if not ReportSubscription.objects.filter(user=user).exists():
        return Refusal.NOT_WANTED
    if not (user.is_active and user.has_perm(SEE_VALUE)):
        return Refusal.NOT_ALLOWED
    return "" if user.email else Refusal.NO_ADDRESS


def _as_email(mail: ReportMail) -> EmailMessage:
    """The report of the current run with the PDF, in the person's language."""
    published, company = published_now(), Company.current()
    assert published is not None, "It was asked for when there were figures, and figures never go."
    if not is_prepared(published):
        prepare_report(run_id=published.run.pk)
    with override(ReportSubscription.objects.get(user=mail.user).language):
        subject = _("Management report of %(company)s, %(month)s") % {
            "company": " ".join(company.name.split()),
            "month": month(mail.month),
        }
        lines = [
            _("The management report is attached, with figures as of %(day)s.") % {"day": day(published.run.as_of)},
            "",
            *_links(),
        ]
        email = EmailMessage(
            subject=subject,
            body="\n".join(lines) + "\n",
            to=[mail.user.email],
            headers={"Message-ID": f"<report-{mail.month:%Y-%m}-{mail.user.pk}@{own_domain()}>"},
        )
        pdf = report_pdf(published=published, reader=mail.user, company=company)
    email.attach(file_name(published), pdf, "application/pdf")
    return email


def _links() -> list[str]:
    """Where the figures stand, and where to end this; in words where no address is known."""
    pages = {
        _("The dashboard: %(address)s"): public_address(reverse("dashboard")),
        _("To receive it no more, or in another language: %(address)s"): public_address(reverse("report-wishes")),
    }
    return [words % {"address": address} for words, address in pages.items() if address]
