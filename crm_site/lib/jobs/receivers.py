"""The worker's sign of life, written by its main process, so that a busy pool still counts as alive."""

import logging
import time
from typing import Any

from celery.signals import heartbeat_sent, worker_ready, worker_shutdown
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from crm_site.lib.jobs.actions import sweep
from crm_site.lib.jobs.models import WorkerHeartbeat

log = logging.getLogger("compagnon.jobs")

SIGN_SECONDS = 5.0

_next_sign = 0.0


@worker_ready.connect
def begin(sender: Any, **kwargs: Any) -> None:
    """Say that the worker is there, and look for what was left while there was none."""
    sign(sender)
    try:
        sweep(timezone.now())
    except DatabaseError as error:
        log.warning("The sweep at the worker's start did not come about: %s", error)
    finally:
        connection.close()


@heartbeat_sent.connect
def sign(sender: Any, **kwargs: Any) -> None:
    """Write the time on the worker's row, at most every few seconds."""
    global _next_sign
    if time.monotonic() < _next_sign:
        return
    _next_sign = time.monotonic() + SIGN_SECONDS
    try:
        WorkerHeartbeat.objects.update_or_create(worker=_name(sender), defaults={"seen_at": Now()})
    except DatabaseError as error:
        log.warning("The worker's sign of life could not be written: %s", error)
    finally:
        # Not kept open: the pool's processes are forked from this one.
        connection.close()


@worker_shutdown.connect
def end(sender: Any, **kwargs: Any) -> None:
    """Say that the worker is gone."""
    try:
        WorkerHeartbeat.objects.filter(worker=_name(sender)).delete()
    except DatabaseError as error:
        log.warning("The worker's leave could not be written: %s", error)
    finally:
        connection.close()


def _name(sender: Any) -> str:
    """The node name, whether Celery says it through its heart, its consumer or its worker."""
    return str(getattr(sender, "hostname", None) or sender.eventer.hostname)
