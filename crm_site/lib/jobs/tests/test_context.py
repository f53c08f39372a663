"""A job at work outside any test's transaction: with its lease, its own connection and its thread."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from crm_site.lib.jobs import actions
from crm_site.lib.jobs.context import JobContext, JobLost
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import Handler, JobKind, job_handler

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short_lease(settings: Settings) -> None:
    settings.JOB_LEASE_SECONDS = 0.6


def done_by(handler: Handler) -> Job:
    kind = JobKind(f"test.{handler.__name__}", label="Test")
    job_handler(kind)(handler)
    job = actions.run_job(actions.enqueue(kind=kind).pk)
    assert job is not None
    return job


@contextmanager
def snapshot() -> Iterator[None]:
    """A transaction that sees the world as it was at its first query."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM jobs_job")
        yield


def seen_from_outside(job: Job) -> Job:
    """The job's row as another process sees it now."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT progress_done, stage, lease_until FROM jobs_job WHERE id = %s", [job.pk])
        done, stage, lease = cursor.fetchone()
    other.close()
    return Job(progress_done=done, stage=stage, lease_until=lease)


def test_progress_and_lease_are_seen_while_the_work_is_inside_a_transaction() -> None:
    seen: list[Job] = []

    def working(context: JobContext) -> None:
        with transaction.atomic():
            context.progress(3, 10, "half")
            time.sleep(1.2)
            seen.append(seen_from_outside(context.job))
            assert seen[0].lease_until is not None
            assert seen[0].lease_until > timezone.now()

    assert done_by(working).attempts == 1
    assert (seen[0].progress_done, seen[0].stage) == (3, "half")


def test_a_result_is_published_from_a_snapshot_that_is_older_than_the_lease() -> None:
    def publishing(context: JobContext) -> dict[str, bool]:
        with snapshot():
            context.progress(1, 2)
            time.sleep(1)
            context.hold()
        return {"published": True}

    job = done_by(publishing)
    assert (job.state, job.result) == (Job.State.DONE, {"published": True})


def test_nobody_takes_a_job_while_its_result_is_being_published() -> None:
    def publishing(context: JobContext) -> dict[str, bool]:
        with transaction.atomic():
            context.hold()
            time.sleep(1)  # longer than the lease, which is not renewed meanwhile
            assert actions.run_job(context.job.pk) is None
        return {"published": True}

    assert done_by(publishing).attempts == 1


def test_a_zombie_with_a_snapshot_may_not_publish() -> None:
    def overtaken(context: JobContext) -> None:
        with snapshot():
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("UPDATE jobs_job SET attempts = attempts + 1 WHERE id = %s", [context.job.pk])
            other.close()
            with pytest.raises(JobLost):
                context.hold()

    assert done_by(overtaken).state == Job.State.RUNNING


def test_a_wish_to_stop_is_heard_between_twopieces_of_work() -> None:
    def stopping(context: JobContext) -> None:
        actions.request_stop(job=Job.objects.get(pk=context.job.pk))
        for piece in range(40):
            context.progress(piece, 40)
            context.check_stop()
            time.sleep(0.1)

    assert done_by(stopping).state == Job.State.CANCELLED
