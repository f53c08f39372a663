"""How far a background job is, for whoever asked for it; with its stop and its second try."""

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm_site.lib.jobs.actions import request_stop, retry
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.progress import is_time_to_reload, progress_of


def job_progress(request: HttpRequest, job_id: int) -> HttpResponse:
    """The progress alone when a page polls for it, otherwise on a page of its own."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=job_id)
    in_page, reload = "HX-Request" in request.headers, request.GET.get("reload", "")
    may_retry = job.state in (Job.State.FAILED, Job.State.CANCELLED) and _may_change(request.user, job)
    progress = progress_of(job, reload=reload if reload in ("done", "ended") and in_page else "")  # type: ignore[arg-type]
    context = {"page_title": job.label, "job": job, "progress": progress, "may_retry": may_retry}
    response = render(request, "pages/job_progress.html" if in_page else "pages/job.html", context)
    if in_page and is_time_to_reload(job, reload):
        response["HX-Refresh"] = "true"
    return response


@require_POST
def job_stop(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _changeable(request.user, job_id)
    request_stop(job=job)
    return redirect("job-progress", job.pk)


@require_POST
def job_retry(request: HttpRequest, job_id: int) -> HttpResponse:
    job = retry(job=_changeable(request.user, job_id))
    return redirect("job-progress", job.pk)


def _changeable(user: AbstractUser | AnonymousUser, job_id: int) -> Job:
    job = get_object_or_404(Job.objects.visible_to(user), pk=job_id)
    if not _may_change(user, job):
        raise Http404
    return job


def _may_change(user: AbstractUser | AnonymousUser, job: Job) -> bool:
    """Whoever asked for the job, and whoever may change all jobs."""
    return job.requested_by_id == user.pk or user.has_perm("jobs.change_job")
