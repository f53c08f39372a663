"""Work that tests ask for; a real worker takes it in by `--include`."""

import os
import signal
import time
from typing import Any

from django.db import connection

from crm_site.lib.jobs.context import JobContext, JobProblem
from crm_site.lib.jobs.registry import JobKind, job_handler

COUNT = JobKind("test.count", label="Count", stages={"first": "First half"})
ALONE = JobKind("test.alone", label="One at a time", exclusive=True)
REFUSE = JobKind("test.refuse", label="Refuse")
BREAK = JobKind("test.break", label="Break")
POISON = JobKind("test.poison", label="Poison")
SLOW = JobKind("test.slow", label="Slow")


@job_handler(COUNT)
def count(context: JobContext) -> dict[str, Any]:
    for done in range(context.params["to"]):
        context.check_stop()
        context.progress(done + 1, context.params["to"], "first")
    return {"counted": context.params["to"]}


@job_handler(ALONE)
def alone(context: JobContext) -> None:
    return None


@job_handler(REFUSE)
def refuse(context: JobContext) -> None:
    raise JobProblem("The file %(name)s is empty.", name=context.params["name"])


@job_handler(BREAK)
def break_down(context: JobContext) -> None:
    raise ZeroDivisionError


@job_handler(POISON)
def poison(context: JobContext) -> None:
    """What the kernel does to a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@job_handler(SLOW)
def slow(context: JobContext) -> dict[str, Any]:
    """Sleep inside one statement at the first attempts, so that only the lease's own thread can keep it alive."""
    if context.job.attempts <= context.params["slow_attempts"]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [context.params["seconds"]])
    time.sleep(context.params.get("nap", 0))
    return {"attempt": context.job.attempts}
