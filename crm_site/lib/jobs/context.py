"""What a handler holds while it works: its parameters, its progress, and a lease that others respect."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import override

from crm_site.lib.jobs.models import Job, JobQuerySet

log = logging.getLogger("compagnon.jobs")

# How soon progress and a wish to stop travel between the handler and the job's row.
BEAT_SECONDS = 0.5


class JobStopped(Exception):
    """Somebody asked for the job to stop."""


class JobLost(Exception):
    """The lease ran out and another worker has the job: this one must not write any more."""


class JobProblem(Exception):
    """The work cannot be done for a reason that its requester can act on: shown to them, and not tried again.

    The message is a translatable sentence with %(name)s places; what fills them is given by name.
    """

    def __init__(self, message: str | Promise, **values: str | int | float) -> None:
        with override("en"):
            self.message = str(message)
        self.values = values
        super().__init__(self.message % values)


class JobContext:
    """One attempt at a job, held under a lease that a thread renews while the handler works.

    The thread has a database connection of its own, so that progress shows and the lease lives on while the handler
    is inside a long statement or transaction. `attempts` is the fence: a write that does not match it changes nothing.
    """

    def __init__(self, job: Job, on_progress: Callable[[Job], None] | None = None) -> None:
        self.job = job
        self._on_progress = on_progress
        self._row = Job.objects.filter(pk=job.pk, attempts=job.attempts, state=Job.State.RUNNING)
        self._stop_requested = self._lost = False
        self._unsaved = False
        self._holder: BaseDatabaseWrapper | None = None
        self._ended = threading.Event()
        # Inside a transaction nobody else sees the row, nor could another connection renew it.
        self._beats = None if connection.in_atomic_block else threading.Thread(target=self._beat, daemon=True)

    @property
    def params(self) -> dict[str, Any]:
        return self.job.params

    @property
    def is_last_attempt(self) -> bool:
        """Whether nobody tries again when this attempt fails."""
        return self.job.attempts >= self.job.attempts_allowed

    @property
    def row(self) -> JobQuerySet:
        """The job's row while this attempt holds it; empty once another has taken over."""
        return self._row.all()

    def progress(self, done: int, total: int, stage: str = "") -> None:
        """Say how far the work is; stage is one of the kind's codes, and stays until another is given."""
        self.job.progress_done, self.job.progress_total, self.job.stage = done, total, stage or self.job.stage
        self._unsaved = True
        if self._on_progress:
            self._on_progress(self.job)
        if self._beats is None:
            self._save()

    def check_stop(self) -> None:
        """Raise JobStopped or JobLost when this attempt should end; call it between pieces of work."""
        if self._lost:
            raise JobLost(f"Job {self.job.pk}: attempt {self.job.attempts} has lost its lease.")
        if self._stop_requested:
            raise JobStopped(f"Job {self.job.pk} was asked to stop.")

    def hold(self) -> None:
        """Inside the transaction that makes the result visible: go on only while this attempt holds the job.

        No other attempt can begin before that transaction is over. The job's row is locked on a connection of its own:
        the transaction may see the world as it was when it began, and with it an older row than the one to be locked.
        """
        if self._beats is None:
            self._lost = not self._row.select_for_update().exists()
        elif self._holder is None:
            self._holder = connection.copy()
            self._lost = not _lock(self._holder, self.job)
            transaction.on_commit(self._let_go)
        self.check_stop()

    def _let_go(self) -> None:
        if self._holder:
            self._holder.close()
            self._holder = None

    def __enter__(self) -> Self:
        if self._beats:
            self._beats.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._let_go()
        if self._beats:
            self._beats.join()

    def _beat(self) -> None:
        """Renew the lease three times in its length, and carry news both ways more often."""
        renewal = settings.JOB_LEASE_SECONDS / 3
        due = time.monotonic() + renewal
        try:
            while not self._ended.wait(min(BEAT_SECONDS, renewal)):
                if self._holder:
                    continue  # the row is locked, which is as good as a lease
                if self._unsaved or time.monotonic() >= due:
                    self._save_or_wait()
                    due = time.monotonic() + renewal
                self._listen()
        finally:
            connection.close()

    def _save_or_wait(self) -> None:
        try:
            self._save()
        except DatabaseError as error:
            # The row is locked at this moment, or the database is away: the next beat tries again.
            log.warning("Job %s: the lease could not be renewed now: %s", self.job.pk, error)
            self._unsaved = True
            connection.close()

    def _save(self) -> None:
        self._unsaved = False
        job, lease = self.job, Now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
        held = self._row.update(
            lease_until=lease, stage=job.stage, progress_done=job.progress_done, progress_total=job.progress_total
        )
        self._lost = not held

    def _listen(self) -> None:
        try:
            self._stop_requested = self._row.filter(stop_requested=True).exists()
        except DatabaseError:
            connection.close()


def _lock(holder: BaseDatabaseWrapper, job: Job) -> bool:
    """Lock the row of a job until the holder is closed; false when the attempt no longer has it."""
    holder.set_autocommit(False)
    with holder.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM jobs_job WHERE id = %s AND attempts = %s AND state = %s FOR UPDATE",
            [job.pk, job.attempts, Job.State.RUNNING],
        )
        return cursor.fetchone() is not None
