"""Telling workers that there is work: best effort, since the job's row is the truth and a sweep rings again."""

import logging
import time

import redis
from celery import current_app
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import KombuError

from crm_site.lib.broker import broker_answers
from crm_site.lib.jobs.models import Job

log = logging.getLogger("compagnon.jobs")

# A page waits no longer than this for a broker that hangs, and not at all for a while after it did.
PATIENCE_SECONDS = 0.4
SILENCE_AFTER_FAILURE_SECONDS = 10.0

_silent_until = 0.0


def ring(job_id: int) -> bool:
    """Put the job's number on the queue; false when the broker cannot be reached now."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return False
    if not _sent(job_id):
        _silent_until = time.monotonic() + SILENCE_AFTER_FAILURE_SECONDS
        log.warning("Job %s waits for the next sweep: the broker does not answer.", job_id)
        return False
    Job.objects.filter(pk=job_id).update(rung_at=timezone.now())
    return True


def _sent(job_id: int) -> bool:
    # Asked first, because Celery's client would try several times before it gives up on a broker that hangs.
    if not broker_answers(timeout=PATIENCE_SECONDS):
        return False
    options = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    try:
        with current_app.connection_for_write(settings.CELERY_BROKER_URL, transport_options=options) as line:
            current_app.send_task("jobs.run", [job_id], connection=line, retry=False, ignore_result=True)
    except (KombuError, redis.RedisError, OSError):
        return False
    return True
