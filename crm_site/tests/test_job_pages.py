import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import enqueue, run_job
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from crm_site.lib.jobs.tests.handlers import COUNT, REFUSE

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def asker() -> User:
    return User.objects.create(username="asker", email="asker@example.org")


@pytest.fixture
def stranger() -> User:
    return User.objects.create(username="stranger", email="stranger@example.org")


def test_a_page_that_polls_gets_the_progress_alone(client: Client, asker: User) -> None:
    client.force_login(asker)
    job = enqueue(kind=COUNT, params={"to": 1}, requested_by=asker)
    answer = client.get(reverse("job-progress", args=[job.pk]), headers=HTMX).text
    assert "hx-get" in answer
    assert "<html" not in answer


def test_a_job_that_no_worker_takes_says_what_may_be_the_matter(client: Client, asker: User) -> None:
    client.force_login(asker)
    job = enqueue(kind=COUNT, params={"to": 1}, requested_by=asker)
    address = reverse("job-progress", args=[job.pk])
    assert "It begins as soon as a worker is free." in client.get(address, headers=HTMX).text
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - dt.timedelta(minutes=5))
    answer = client.get(address, headers=HTMX).text
    assert "Requested 5 minutes ago, and no worker has taken it yet" in answer
    assert "hx-get" in answer


def test_an_ended_job_is_not_asked_for_again(client: Client, asker: User) -> None:
    client.force_login(asker)
    job = run_job(enqueue(kind=REFUSE, params={"name": "a.csv"}, requested_by=asker).pk)
    assert job is not None
    answer = client.get(reverse("job-progress", args=[job.pk]), headers=HTMX).text
    assert "The file a.csv is empty." in answer
    assert "hx-get" not in answer


@pytest.mark.parametrize(("reload", "kind", "params", "anew"), [
    ("done", COUNT, {"to": 1}, True),
    ("ended", COUNT, {"to": 1}, True),
    ("done", REFUSE, {"name": "a.csv"}, False),
    ("ended", REFUSE, {"name": "a.csv"}, True),
    ("", COUNT, {"to": 1}, False),
    ("nonsense", COUNT, {"to": 1}, False),
])  # fmt: skip
def test_a_page_that_shows_the_result_is_loaded_anew(
    client: Client, asker: User, reload: str, kind: JobKind, params: dict[str, Any], anew: bool
) -> None:
    client.force_login(asker)
    job = enqueue(kind=kind, params=params, requested_by=asker)
    address = f"{reverse('job-progress', args=[job.pk])}?reload={reload}"
    waiting = client.get(address, headers=HTMX)
    assert "HX-Refresh" not in waiting.headers
    assert ("?reload=" in waiting.text) == (reload in ("done", "ended"))
    run_job(job.pk)
    assert ("HX-Refresh" in client.get(address, headers=HTMX).headers) == anew
    assert "HX-Refresh" not in client.get(address).headers


def test_without_scripts_the_progress_has_a_page(client: Client, asker: User) -> None:
    client.force_login(asker)
    job = enqueue(kind=COUNT, params={"to": 1}, requested_by=asker)
    assert "<html" in client.get(reverse("job-progress", args=[job.pk])).text


@pytest.mark.parametrize(("name", "method"), [("job-progress", "get"), ("job-stop", "post"), ("job-retry", "post")])
def test_a_stranger_finds_no_job(client: Client, asker: User, stranger: User, name: str, method: str) -> None:
    client.force_login(stranger)
    job = enqueue(kind=COUNT, params={"to": 1}, requested_by=asker)
    assert getattr(client, method)(reverse(name, args=[job.pk])).status_code == 404


def test_seeing_all_jobs_is_not_changing_them(client: Client, asker: User, stranger: User) -> None:
    stranger.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(stranger)
    job = enqueue(kind=COUNT, params={"to": 1}, requested_by=asker)
    assert client.get(reverse("job-progress", args=[job.pk])).status_code == 200
    assert client.post(reverse("job-stop", args=[job.pk])).status_code == 404


def test_its_requester_stops_a_job_and_tries_again(client: Client, asker: User) -> None:
    client.force_login(asker)
    job = enqueue(kind=COUNT, params={"to": 1}, requested_by=asker)
    client.post(reverse("job-stop", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    client.post(reverse("job-retry", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED


def test_stopping_takes_a_post(client: Client, asker: User) -> None:
    client.force_login(asker)
    job = enqueue(kind=COUNT, params={"to": 1}, requested_by=asker)
    assert client.get(reverse("job-stop", args=[job.pk])).status_code == 405
