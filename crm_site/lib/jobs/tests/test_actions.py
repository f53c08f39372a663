from datetime import timedelta

import pytest
from django.utils import timezone, translation
from pytest_django import DjangoCaptureOnCommitCallbacks

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs import actions
from crm_site.lib.jobs.context import JobContext, JobLost
from crm_site.lib.jobs.models import Job, WorkerHeartbeat
from crm_site.lib.jobs.registry import Handler, JobKind, job_handler
from crm_site.lib.jobs.signals import job_finished
from crm_site.lib.jobs.tests.handlers import ALONE, BREAK, COUNT, REFUSE

pytestmark = pytest.mark.django_db


def left_by_dead_worker(job: Job, *, attempts: int) -> None:
    """As a worker leaves a job that it did not live to finish."""
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, attempts=attempts, lease_until=past)


def done_by(handler: Handler, **params: object) -> Job:
    """A job of a kind of its own, done by this handler."""
    kind = JobKind(f"test.{handler.__name__}", label="Test")
    job_handler(kind)(handler)
    job = actions.run_job(actions.enqueue(kind=kind, params=params).pk)
    assert job is not None
    return job


def test_a_job_is_done_and_keeps_its_result() -> None:
    job = actions.run_job(actions.enqueue(kind=COUNT, params={"to": 4}).pk)
    assert job is not None
    assert (job.state, job.result, job.attempts) == (Job.State.DONE, {"counted": 4}, 1)
    assert (job.progress_done, job.progress_total, job.stage_label, job.percent) == (4, 4, "First half", 100)
    assert job.lease_until is None
    assert job.finished_at is not None


def test_a_finished_job_is_announced() -> None:
    heard = []
    job_finished.connect(lambda job, **kwargs: heard.append(job.pk), sender=COUNT, weak=False, dispatch_uid="t")
    try:
        job = actions.enqueue(kind=COUNT, params={"to": 1})
        actions.run_job(job.pk)
    finally:
        job_finished.disconnect(sender=COUNT, dispatch_uid="t")
    assert heard == [job.pk]


def test_a_second_delivery_of_a_done_job_does_nothing() -> None:
    job = actions.enqueue(kind=COUNT, params={"to": 1})
    actions.run_job(job.pk)
    assert actions.run_job(job.pk) is None


def test_a_job_that_another_worker_holds_is_left_alone() -> None:
    job = actions.enqueue(kind=COUNT, params={"to": 1})
    soon = timezone.now() + timedelta(seconds=30)
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, attempts=1, lease_until=soon)
    assert actions.run_job(job.pk) is None


def test_a_job_whose_lease_ran_out_is_taken_over() -> None:
    job = actions.enqueue(kind=COUNT, params={"to": 1})
    left_by_dead_worker(job, attempts=1)
    taken = actions.run_job(job.pk)
    assert taken is not None
    assert (taken.state, taken.attempts) == (Job.State.DONE, 2)


def test_the_same_key_waits_once_and_may_be_asked_again_when_done() -> None:
    first = actions.enqueue(kind=COUNT, params={"to": 1}, dedupe_key="count")
    assert actions.enqueue(kind=COUNT, params={"to": 1}, dedupe_key="count") == first
    actions.run_job(first.pk)
    assert actions.enqueue(kind=COUNT, params={"to": 1}, dedupe_key="count") != first


def test_a_kind_that_runs_alone_waits_for_the_one_that_runs() -> None:
    running, waiting = actions.enqueue(kind=ALONE), actions.enqueue(kind=ALONE)
    soon = timezone.now() + timedelta(seconds=30)
    Job.objects.filter(pk=running.pk).update(state=Job.State.RUNNING, attempts=1, lease_until=soon)
    assert actions.run_job(waiting.pk) is None
    left_by_dead_worker(running, attempts=1)
    assert actions.run_job(waiting.pk) is not None


def test_the_next_of_its_kind_is_called_when_one_is_done(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    first, second = actions.enqueue(kind=ALONE), actions.enqueue(kind=ALONE)
    with django_capture_on_commit_callbacks(execute=True):
        actions.run_job(first.pk)
    second.refresh_from_db()
    assert second.rung_at is not None


def test_a_problem_is_said_to_the_requester_and_not_tried_again() -> None:
    job = actions.run_job(actions.enqueue(kind=REFUSE, params={"name": "a.csv"}).pk)
    assert job is not None
    assert (job.state, job.attempts, job.problem) == (Job.State.FAILED, 1, "The file a.csv is empty.")


def test_a_fault_is_tried_three_times_then_parked_with_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    job = actions.enqueue(kind=BREAK)
    for _attempt in range(3):
        actions.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.FAILED, 3)
    assert str(job.pk) in job.problem
    assert "ZeroDivisionError" not in job.problem
    assert [record.exc_info is not None for record in caplog.records] == [True] * 3
    assert actions.run_job(job.pk) is None


def test_a_problem_is_told_in_the_readers_language() -> None:
    job = Job(pk=7, kind="test.count", error=actions.FAULT, error_values={"job": 7})
    with translation.override("en"):
        assert "number of this job: 7." in job.problem


def test_a_kind_that_is_gone_from_the_code_fails_with_a_reason() -> None:
    job = actions.run_job(actions.enqueue(kind="test.gone").pk)
    assert job is not None
    assert job.state == Job.State.FAILED
    assert "no longer exists" in job.problem
    assert job.label == "test.gone"


def test_a_waiting_job_is_stopped_at_once() -> None:
    job = actions.enqueue(kind=COUNT, params={"to": 1})
    actions.request_stop(job=job)
    assert job.state == Job.State.CANCELLED
    assert actions.run_job(job.pk) is None


def test_a_stopped_job_whose_worker_died_is_not_begun_again() -> None:
    job = actions.enqueue(kind=COUNT, params={"to": 1})
    left_by_dead_worker(job, attempts=1)
    actions.request_stop(job=job)
    assert actions.run_job(job.pk) is None
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_a_failed_job_may_be_tried_again_three_times_more() -> None:
    job = actions.run_job(actions.enqueue(kind=REFUSE, params={"name": "a"}).pk)
    assert job is not None
    actions.retry(job=job)
    assert (job.state, job.attempts_allowed - job.attempts, job.problem) == (Job.State.QUEUED, 3, "")


def test_a_done_job_is_not_tried_again() -> None:
    job = actions.run_job(actions.enqueue(kind=COUNT, params={"to": 1}).pk)
    assert job is not None
    assert actions.retry(job=job).state == Job.State.DONE


def test_trying_again_returns_the_job_that_already_waits_under_its_key() -> None:
    failed = actions.run_job(actions.enqueue(kind=REFUSE, params={"name": "a"}, dedupe_key="k").pk)
    assert failed is not None
    waiting = actions.enqueue(kind=REFUSE, params={"name": "a"}, dedupe_key="k")
    assert actions.retry(job=failed) == waiting


def test_a_zombie_writes_nothing() -> None:
    """Another worker took the job over while this attempt slept."""

    def zombie(context: JobContext) -> dict[str, str]:
        context.row.update(attempts=2)
        return {"written by": "zombie"}

    job = done_by(zombie)
    assert (job.state, job.attempts, job.result) == (Job.State.RUNNING, 2, {})


def test_a_zombie_may_not_publish() -> None:
    def publishing(context: JobContext) -> None:
        context.row.update(attempts=2)
        with pytest.raises(JobLost):
            context.hold()

    done_by(publishing)


def test_the_sweep_rings_for_what_waits_unheard_and_for_what_a_dead_worker_left() -> None:
    unheard, left, heard = (actions.enqueue(kind=COUNT, params={"to": 1}) for _ in range(3))
    now = timezone.now()
    left_by_dead_worker(left, attempts=1)
    Job.objects.filter(pk=left.pk).update(rung_at=now - timedelta(seconds=30))
    Job.objects.filter(pk=heard.pk).update(rung_at=now)
    assert actions.sweep(now) == 2
    assert set(Job.objects.filter(rung_at__gte=now).values_list("pk", flat=True)) == {unheard.pk, left.pk, heard.pk}
    assert actions.sweep(timezone.now()) == 0
    assert actions.sweep(now + timedelta(seconds=90)) == 3


def test_the_sweep_parks_what_three_workers_died_of() -> None:
    job = actions.enqueue(kind=COUNT, params={"to": 1})
    left_by_dead_worker(job, attempts=3)
    actions.sweep(timezone.now())
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "begun 3 times" in job.problem


def test_a_command_does_the_work_itself_when_no_worker_is_there() -> None:
    seen: list[int] = []
    job = actions.enqueue(kind=COUNT, params={"to": 2})
    done = actions.wait_for(job, on_progress=lambda job: seen.append(job.progress_done), poll_seconds=0)
    assert done.state == Job.State.DONE
    assert seen == [0, 1, 2]


def test_a_worker_counts_as_alive_while_it_was_heard_of_lately() -> None:
    now = timezone.now()
    assert not actions.worker_is_alive(now)
    WorkerHeartbeat.objects.create(worker="w1", seen_at=now - timedelta(seconds=5))
    assert actions.worker_is_alive(now)
    assert not actions.worker_is_alive(now + timedelta(minutes=1))


def test_people_see_the_jobs_that_they_asked_for() -> None:
    asker = User.objects.create(username="a", email="a@example.org")
    stranger = User.objects.create(username="b", email="b@example.org")
    superuser = User.objects.create(username="c", email="c@example.org", is_superuser=True)
    job = actions.enqueue(kind=COUNT, requested_by=asker)
    assert list(Job.objects.visible_to(asker)) == [job]
    assert not Job.objects.visible_to(stranger).exists()
    assert list(Job.objects.visible_to(superuser)) == [job]
