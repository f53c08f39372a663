import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from crm_site.lib.jobs.models import WorkerHeartbeat


def beat(*, seconds_ago: int) -> None:
    WorkerHeartbeat.objects.create(worker="w", seen_at=timezone.now() - timedelta(seconds=seconds_ago))


def test_a_live_process_says_so_without_a_database(client: Client) -> None:
    """Without the `db` fixture, any query fails the test."""
    assert client.get("/health/live").json() == {"live": True}


@pytest.mark.django_db
def test_ready_when_every_part_answers(client: Client) -> None:
    beat(seconds_ago=1)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "database": True, "migrations": True, "broker": True, "worker": True}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_not_ready_without_a_sign_of_a_worker(client: Client) -> None:
    beat(seconds_ago=120)
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["worker"]) == (503, False)


@pytest.mark.django_db
def test_not_ready_without_a_broker(client: Client, settings: Settings) -> None:
    beat(seconds_ago=1)
    settings.CELERY_BROKER_URL = "redis+socket:///nowhere/valkey.sock?virtual_host=0"
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["broker"]) == (503, False)


@pytest.mark.django_db
def test_not_ready_while_a_migration_waits(client: Client) -> None:
    beat(seconds_ago=1)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'jobs'")
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["migrations"]) == (503, False)


@pytest.mark.django_db
def test_asking_changes_nothing(client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(4):
        client.get("/health/ready")
    assert client.post("/health/ready").status_code == 405
    assert json.loads(client.head("/health/live").content or "{}") == {}
