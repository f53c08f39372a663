"""What the broker may ask of a worker: nothing but to look at the jobs' rows."""

from celery import shared_task
from django.utils import timezone

from crm_site.lib.jobs import actions


# Taken off the queue when it begins: a job that its worker did not finish comes back by its row, not by the broker,
# which would hand out again without end what kills every worker.
@shared_task(name="jobs.run", acks_late=False)
def run(job_id: int) -> None:
    actions.run_job(job_id)


@shared_task(name="jobs.sweep")
def sweep() -> None:
    actions.sweep(timezone.now())
