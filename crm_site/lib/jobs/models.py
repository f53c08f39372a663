from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> "JobQuerySet":
        """Every job for whoever may view jobs; otherwise the jobs that this person asked for."""
        if user.has_perm("jobs.view_job"):
            return self
        return self.filter(requested_by=user) if user.is_authenticated else self.none()

    def active(self) -> "JobQuerySet":
        """Jobs that wait or run."""
        return self.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))

    def due(self, at: datetime) -> "JobQuerySet":
        """Jobs that a worker may take at this moment: queued, or left behind by one whose lease ran out."""
        abandoned = models.Q(state=Job.State.RUNNING, lease_until__lt=at)
        return self.filter(models.Q(state=Job.State.QUEUED) | abandoned)


class Job(models.Model):
    """A piece of background work: created in the business transaction, claimed by one worker at a time under a lease."""

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
    # Raised before the work begins; also the fence that keeps a late zombie from writing.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    stage = models.CharField(_("stage"), max_length=40, blank=True)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(default=0)
    params = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
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


class WorkerHeartbeat(models.Model):
    """When a worker process was last known to live."""

    worker = models.CharField(_("worker"), max_length=200, primary_key=True)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("worker heartbeat")
        verbose_name_plural = _("worker heartbeats")

    def __str__(self) -> str:
        return self.worker
