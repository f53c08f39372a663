"""What customers do when work in the background is done."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.signals import job_finished
from customers.journey_actions import request_counting
from customers.models import Run
from customers.segment_actions import keep_figures


@receiver(job_finished, dispatch_uid="figures of segments after a run")
def keep_figures_of_segments(sender: Any, job: Job, **kwargs: Any) -> None:
    """A job that published a run gives every segment its figures in it."""
    run = Run.objects.filter(job=job, is_current=True).first()
    if run:
        keep_figures(run=run)


@receiver(job_finished, dispatch_uid="customer journey after a run")
def count_the_journey(sender: Any, job: Job, **kwargs: Any) -> None:
    """Whenever figures are renewed, the usual periods of the journey are counted anew: beside them, not before them."""
    if Run.objects.filter(job=job, is_current=True).exists():
        request_counting()
