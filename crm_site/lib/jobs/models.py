from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.registry import kind_named

# After this many attempts a job is parked as failed until somebody asks to try again.
ATTEMPTS = 3
# A worker that has not been heard of for so long is taken for dead.
SILENCE = timedelta(seconds=20)


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "JobQuerySet":
        """Every job for whoever may view jobs; otherwise the jobs that this person asked for."""
        if user.has_perm("jobs.view_job"):
            return self
        return self.filter(requested_by=user) if user.is_authenticated else self.none()

    def active(self) -> "JobQuerySet":
        """Jobs that wait or run."""
        return self.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))

    def due(self, at: datetime | Now) -> "JobQuerySet":
        """Jobs that a worker may take at this moment: queued, or left behind by one whose lease ran out."""
        abandoned = models.Q(state=Job.State.RUNNING, lease_until__lte=at)
        return self.filter(models.Q(state=Job.State.QUEUED) | abandoned)

    def held(self, at: datetime | Now) -> "JobQuerySet":
        """Jobs that a worker is busy with, as far as its lease tells."""
        return self.filter(state=Job.State.RUNNING, lease_until__gt=at)


class Job(models.Model):
    """A piece of background work, created in the transaction that asks for it, held by one worker at a time."""

    class State(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("job", "Waiting")
        RUNNING = "running", pgettext_lazy("job", "Running")
        DONE = "done", pgettext_lazy("job", "Done")
        FAILED = "failed", pgettext_lazy("job", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("job", "Stopped")

    kind = models.CharField(_("kind"), max_length=40)
    key = models.CharField(
        max_length=80, blank=True, help_text=_("Requests with the same key while one waits are one.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    # Raised before the work begins, never lowered; also the fence that keeps a late zombie from writing.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    attempts_allowed = models.PositiveSmallIntegerField(default=ATTEMPTS)
    lease_until = models.DateTimeField(null=True, blank=True)
    # When its doorbell last reached the broker.
    rung_at = models.DateTimeField(null=True, blank=True)
    stage = models.CharField(_("stage"), max_length=40, blank=True)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(default=0)
    params = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    # A sentence of the source language and what fills its places: each reader gets it in a language of their own.
    error = models.TextField(_("error"), blank=True)
    error_values = models.JSONField(default=dict, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("requested by")
    )
    created_at = models.DateTimeField(_("requested"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    stop_requested = models.BooleanField(_("stop requested"), default=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="job_active", condition=models.Q(state__in=("queued", "running"))),
            models.Index(fields=["kind", "-id"], name="job_by_kind"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(state="queued") & ~models.Q(key=""), name="job_single_queued_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def label(self) -> str:
        """What this work is called, in the reader's language."""
        return str(kind_named(self.kind).label)

    @property
    def stage_label(self) -> str:
        """What is being done now, in the reader's language; empty when the kind names no stages."""
        return str(kind_named(self.kind).stages.get(self.stage, ""))

    @property
    def problem(self) -> str:
        """Why it failed and what to do, in the reader's language; empty when it did not."""
        return gettext(self.error) % self.error_values if self.error else ""

    @property
    def percent(self) -> int | None:
        """How much of the current stage is done, 0 to 100; none when that is not known."""
        if not self.progress_total:
            return None
        return min(100, 100 * self.progress_done // self.progress_total)

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (Job.State.QUEUED, Job.State.RUNNING)


class WorkerHeartbeatQuerySet(models.QuerySet["WorkerHeartbeat"]):
    def alive(self, at: datetime) -> "WorkerHeartbeatQuerySet":
        """Workers that were heard of lately."""
        return self.filter(seen_at__gt=at - SILENCE)


class WorkerHeartbeat(models.Model):
    """When a worker process was last known to live."""

    worker = models.CharField(_("worker"), max_length=200, primary_key=True)
    seen_at = models.DateTimeField(_("last seen"))

    objects = WorkerHeartbeatQuerySet.as_manager()

    class Meta:
        verbose_name = _("worker heartbeat")
        verbose_name_plural = _("worker heartbeats")

    def __str__(self) -> str:
        return self.worker
