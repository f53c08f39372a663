"""Everything that changes a job: asking for it, doing it, stopping it, trying again, and finding what was lost."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop

from crm_site.lib.jobs.context import JobContext, JobLost, JobProblem, JobStopped
from crm_site.lib.jobs.doorbell import ring
from crm_site.lib.jobs.models import ATTEMPTS, SILENCE, Job, WorkerHeartbeat
from crm_site.lib.jobs.registry import Handler, JobKind, handler_of, kind_named
from crm_site.lib.jobs.signals import job_finished
from crm_site.lib.trail.actor import Actor, acting

log = logging.getLogger("compagnon.jobs")

ProgressListener = Callable[[Job], None]

FAULT = gettext_noop(
    "Something went wrong that was not foreseen, and trying again did not help. Nothing was changed. "
    "Try again later; if it happens again, give your administrator the number of this job: %(job)s."
)
GONE = gettext_noop("This kind of work no longer exists. Ask for it again from its page.")
LOST_WORKER = gettext_noop(
    "The work was begun %(attempts)s times, and each time its worker ended before it was done, perhaps for lack of "
    "memory. Nothing was changed. Your administrator finds job %(job)s in the worker's log."
)
# Doorbells that may have been lost are rung again after this long, at most so many in one sweep.
RING_AGAIN = timedelta(seconds=60)
RINGS_IN_A_SWEEP = 200


def enqueue(
    *,
    kind: JobKind | str,
    params: dict[str, Any] | None = None,
    requested_by: AbstractUser | AnonymousUser | None = None,
    dedupe_key: str | None = None,
) -> Job:
    """Ask for a piece of background work, as part of the transaction that needs it.

    A job that still waits under the same key is returned instead of a second one. Never waits for the broker.
    """
    values = {
        "kind": kind.name if isinstance(kind, JobKind) else kind,
        "params": params or {},
        "requested_by": requested_by if requested_by and requested_by.is_authenticated else None,
    }
    if dedupe_key:
        job, created = Job.objects.get_or_create(key=dedupe_key, state=Job.State.QUEUED, defaults=values)
    else:
        job, created = Job.objects.create(**values), True
    if created:
        _ring_on_commit(job)
    return job


def request_stop(*, job: Job) -> None:
    """Ask a job to stop: at once while it waits, between two pieces of work while it runs."""
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    if not waiting.update(state=Job.State.CANCELLED, finished_at=Now(), stop_requested=True):
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(stop_requested=True)
    job.refresh_from_db()


@transaction.atomic
def retry(*, job: Job) -> Job:
    """Let a failed or stopped job be tried again; a job that already waits under its key is returned instead."""
    waiting = Job.objects.filter(key=job.key, state=Job.State.QUEUED).first() if job.key else None
    if waiting:
        return waiting
    ended = Job.objects.filter(pk=job.pk, state__in=(Job.State.FAILED, Job.State.CANCELLED))
    afresh = ended.update(
        state=Job.State.QUEUED,
        attempts_allowed=F("attempts") + ATTEMPTS,
        stop_requested=False,
        stage="",
        progress_done=0,
        error="",
        error_values={},
        finished_at=None,
        rung_at=None,
    )
    if afresh:
        _ring_on_commit(job)
    job.refresh_from_db()
    return job


def run_job(job_id: int, *, on_progress: ProgressListener | None = None) -> Job | None:
    """Do a job if nobody else has it, and write down how it ended; none when it is not there to be done.

    Safe to call any number of times, from any number of processes.
    """
    job = _claim(job_id)
    if job is None:
        return None
    handler = handler_of(job.kind)
    if handler is None:
        _end(job, Job.State.FAILED, error=GONE)
    else:
        _attempt(job, handler, on_progress)
    _ring_next(job)
    job.refresh_from_db()
    return job


@transaction.atomic
def _claim(job_id: int) -> Job | None:
    """Take a job that is due: raise its attempts and hold it under a lease, before any of its work begins."""
    job = Job.objects.due(Now()).select_for_update(skip_locked=True).filter(pk=job_id).first()
    if job is None or _is_over(job) or not _may_run_now(job):
        return None
    job.attempts += 1
    job.state = Job.State.RUNNING
    job.lease_until = Now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    job.started_at = job.started_at or timezone.now()
    job.save(update_fields=["attempts", "state", "lease_until", "started_at"])
    return job


def _is_over(job: Job) -> bool:
    """End a job that nobody should begin again: stopped meanwhile, or begun too often."""
    if job.stop_requested:
        return _end(job, Job.State.CANCELLED)
    if job.attempts >= job.attempts_allowed:
        return _end(job, Job.State.FAILED, error=LOST_WORKER)
    return False


def _may_run_now(job: Job) -> bool:
    """Whether no other job of an exclusive kind runs; asked one at a time, until the claim is written."""
    if not kind_named(job.kind).exclusive:
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"jobs.exclusive:{job.kind}"])
    return not Job.objects.held(Now()).filter(kind=job.kind).exclude(pk=job.pk).exists()


def _attempt(job: Job, handler: Handler, on_progress: ProgressListener | None) -> None:
    """Run the handler; whatever happens in it is written on the job's row."""
    try:
        with JobContext(job, on_progress) as context, acting(Actor(user=job.requested_by_id, job=job.kind)):
            result = handler(context) or {}
    except JobStopped:
        _end(job, Job.State.CANCELLED)
    except JobLost as loss:
        log.warning("%s", loss)
    except JobProblem as problem:
        _end(job, Job.State.FAILED, error=problem.message, values=problem.values)
    except Exception:
        log.exception("Job %s (%s): attempt %s failed.", job.pk, job.kind, job.attempts)
        if job.attempts < job.attempts_allowed:
            _give_back(job)
        else:
            _end(job, Job.State.FAILED, error=FAULT)
    except BaseException:
        # The process is told to end: somebody else need not wait for the lease.
        _give_back(job)
        raise
    else:
        if _end(job, Job.State.DONE, result=result):
            job.refresh_from_db()
            job_finished.send_robust(sender=kind_named(job.kind), job=job)


def _end(
    job: Job,
    state: Job.State,
    *,
    error: str = "",
    values: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
) -> bool:
    """Write how a job ended, unless another attempt has begun since; whether it was written."""
    known = {"job": job.pk, "attempts": job.attempts}
    held = Job.objects.active().filter(pk=job.pk, attempts=job.attempts)
    ended = {"error": error, "error_values": values or known, "result": result or {}, "finished_at": Now()}
    return bool(held.update(state=state, lease_until=None, **ended))


def _give_back(job: Job) -> None:
    """Let the next sweep hand the job out again; the pause until then keeps a failing job from spinning."""
    Job.objects.filter(pk=job.pk, attempts=job.attempts, state=Job.State.RUNNING).update(lease_until=Now())


def _ring_on_commit(job: Job) -> None:
    transaction.on_commit(partial(ring, job.pk), robust=True)


def _ring_next(job: Job) -> None:
    """After a job of an exclusive kind, wake the next of its kind, whose doorbell was rung in vain."""
    if kind_named(job.kind).exclusive:
        waiting = Job.objects.filter(kind=job.kind, state=Job.State.QUEUED).order_by("id").first()
        if waiting:
            _ring_on_commit(waiting)


def sweep(at: datetime) -> int:
    """Find jobs whose doorbell was lost or whose worker died: ring again, or park after too many attempts.

    Returns how many doorbells were rung.
    """
    _park_lost(at)
    WorkerHeartbeat.objects.filter(seen_at__lt=at - 100 * SILENCE).delete()
    rung_long_ago = Q(rung_at__lt=at - RING_AGAIN)
    unheard = Q(rung_at=None) | rung_long_ago | Q(rung_at__lt=F("lease_until"))
    waiting = Job.objects.due(at).filter(unheard).order_by("id").values_list("pk", flat=True)[:RINGS_IN_A_SWEEP]
    return sum(ring(job_id) for job_id in waiting)


@transaction.atomic
def _park_lost(at: datetime) -> None:
    for job in Job.objects.due(at).filter(attempts__gte=F("attempts_allowed")).select_for_update(skip_locked=True):
        _end(job, Job.State.FAILED, error=LOST_WORKER)


def worker_is_alive(at: datetime) -> bool:
    """Whether some worker was heard of lately."""
    return WorkerHeartbeat.objects.alive(at).exists()


def wait_for(job: Job, *, on_progress: ProgressListener | None = None, poll_seconds: float = 0.5) -> Job:
    """Wait until a job is over, doing it in this process when no worker is there to do it."""
    while True:
        job.refresh_from_db()
        if not job.is_active:
            return job
        if on_progress:
            on_progress(job)
        if not worker_is_alive(timezone.now()):
            run_job(job.pk, on_progress=on_progress)
        time.sleep(poll_seconds)
