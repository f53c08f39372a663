"""Background work with real workers, brokers and kills: nothing lost, nothing done twice, pages never wait."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from crm_site import embedded
from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from crm_site.lib.jobs.tests.handlers import COUNT, POISON, SLOW
from crm_site.tests.processes import LEASE_SECONDS, Worker, eventually

StartWorker = Callable[..., Worker]


def reaches(job: Job, state: Job.State, *, seconds: float = 60) -> bool:
    return eventually(lambda: Job.objects.filter(pk=job.pk, state=state).exists(), seconds=seconds)


def enqueue_quickly(kind: JobKind, **params: object) -> Job:
    """Ask for a job as a page does, and see that the page would not have waited."""
    since = time.monotonic()
    job = enqueue(kind=kind, params=params)
    assert time.monotonic() - since < 1
    return job


def test_a_job_outlives_its_worker(start_worker: StartWorker) -> None:
    """Killed inside a long statement; the next worker begins the job again, once."""
    first = start_worker()
    job = enqueue(kind=SLOW, params={"slow_attempts": 1, "seconds": 30})
    assert reaches(job, Job.State.RUNNING)
    first.kill()
    start_worker().wait_until_ready()
    assert reaches(job, Job.State.DONE, seconds=LEASE_SECONDS + 10)
    job.refresh_from_db()
    assert (job.attempts, job.result) == (2, {"attempt": 2})


def test_a_statement_longer_than_the_lease_is_not_begun_twice(worker: Worker) -> None:
    job = enqueue(kind=SLOW, params={"slow_attempts": 9, "seconds": 2 * LEASE_SECONDS})
    assert reaches(job, Job.State.DONE)
    job.refresh_from_db()
    assert job.attempts == 1


def test_a_job_that_kills_its_worker_is_parked_and_others_go_on(worker: Worker) -> None:
    poison = enqueue(kind=POISON)
    good = [enqueue(kind=COUNT, params={"to": 1}) for _ in range(5)]
    assert all(reaches(job, Job.State.DONE) for job in good)
    assert reaches(poison, Job.State.FAILED)
    poison.refresh_from_db()
    assert poison.attempts == 3
    assert "begun 3 times" in poison.problem


@pytest.fixture
def own_broker(settings: Settings) -> Iterator[Path]:
    """A broker that a test may freeze and stop; settings point at it."""
    with tempfile.TemporaryDirectory(prefix="crm-") as name:
        folder = Path(name).resolve()
        with embedded.servers(folder, database=False):
            settings.CELERY_BROKER_URL = embedded.broker_url(folder)
            yield folder


def broker_pid(folder: Path) -> int:
    return int((embedded.socket_folder(folder) / "valkey.pid").read_text())


def all_done_under_supervision(worker: Worker, start_worker: StartWorker) -> bool:
    """Whether all jobs are done; a worker that ended because its queue vanished is started again, as `up` does."""
    if worker.process.poll() is not None:
        worker.process = start_worker().process
    return not Job.objects.exclude(state=Job.State.DONE).exists()


def test_pages_do_not_wait_for_a_broker_that_hangs_or_is_down(
    own_broker: Path, start_worker: StartWorker, client: Client
) -> None:
    worker = start_worker()
    worker.wait_until_ready()
    os.kill(broker_pid(own_broker), signal.SIGSTOP)
    asked_while_frozen = [enqueue_quickly(COUNT, to=1) for _ in range(3)]
    os.kill(broker_pid(own_broker), signal.SIGKILL)
    asked_while_down = [enqueue_quickly(COUNT, to=1) for _ in range(3)]
    assert client.get("/accounts/login/").status_code == 200
    assert client.get("/health/ready").json()["broker"] is False
    with embedded.servers(own_broker, database=False):
        assert eventually(partial(all_done_under_supervision, worker, start_worker), seconds=90)
        assert {job.attempts for job in Job.objects.all()} == {1}
        assert len(asked_while_frozen + asked_while_down) == Job.objects.count()
