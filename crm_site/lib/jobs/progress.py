"""A job as the progress component shows it, for any page: `{% progress job %}` with what `progress_of` returns."""

import datetime as dt
from typing import Literal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.lib.components import Progress
from crm_site.lib.formatting import ago, labelled, number
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import kind_named

STATES: dict[str, Literal["queued", "running", "done", "failed", "stopped"]] = {
    Job.State.QUEUED: "queued",
    Job.State.RUNNING: "running",
    Job.State.DONE: "done",
    Job.State.FAILED: "failed",
    Job.State.CANCELLED: "stopped",
}


Reload = Literal["", "done", "ended"]

# Workers take a job within a second or two, unless all are busy.
LONG = dt.timedelta(minutes=2)


def progress_of(job: Job, *, reload: Reload = "") -> Progress:
    """How far this job is, asking for its own successor while it may still change (no query).

    A page that shows what the job works out is loaded anew with `reload`: when the job is done, or however it ended.
    """
    kind = kind_named(job.kind)
    result_url = kind.result_url(job) if kind.result_url and job.state == Job.State.DONE else ""
    return Progress(
        id=str(job.pk),
        label=job.label,
        state=STATES[job.state],
        poll_url=reverse("job-progress", args=[job.pk]) + (f"?reload={reload}" if reload else ""),
        percent=job.percent,
        detail=_detail(job),
        result_url=result_url,
        result_label=str(kind.result_label) or _("See the result"),
        stop_url="" if job.stop_requested else reverse("job-stop", args=[job.pk]),
    )


def is_time_to_reload(job: Job, reload: str) -> bool:
    """Whether the page that follows a job is to be loaded anew."""
    return job.state == Job.State.DONE if reload == "done" else reload == "ended" and not job.is_active


def _waiting(job: Job, now: dt.datetime) -> str:
    """That a job has not begun, and what may be the matter once that lasts."""
    if now - job.created_at < LONG:
        return _("It begins as soon as a worker is free. You may leave this page.")
    return _(
        "Requested %(ago)s, and no worker has taken it yet: all are busy, or none is running. If this lasts, tell "
        "whoever looks after the server."
    ) % {"ago": ago(job.created_at, now)}


def _detail(job: Job) -> str:
    """The one sentence that helps most now."""
    if job.state == Job.State.FAILED:
        return job.problem
    if not job.is_active:
        return ""
    if job.stop_requested:
        return _("Stopping after the present piece of work.")
    if job.state == Job.State.QUEUED:
        return _waiting(job, timezone.now())
    if not job.progress_total:
        return job.stage_label
    counted = _("%(done)s of %(total)s") % {"done": number(job.progress_done), "total": number(job.progress_total)}
    return labelled(job.stage_label, counted) if job.stage_label else counted
