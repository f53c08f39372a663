"""Real processes for tests that are about processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.utils import timezone

from crm_site.lib.jobs.models import WorkerHeartbeat

LEASE_SECONDS = 2.0
SWEEP_SECONDS = 0.5


def url_of_test_database() -> str:
    """The address of the database that the test uses."""
    found = connection.settings_dict
    login = quote(found["USER"]) + (f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else "")
    port = f":{found['PORT']}" if found["PORT"] else ""
    return f"postgres://{login}@{quote(found['HOST'], safe='')}{port}/{found['NAME']}"


def eventually(condition: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def forget_sessions() -> None:
    """End what killed processes left open in the test's database, which could not be dropped otherwise."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


class Worker:
    """A Celery worker with beat, on the test's database, broker, queue and files, with short leases."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        own: dict[str, str] = {
            "DATABASE_URL": url_of_test_database(),
            "REDIS_URL": settings.CELERY_BROKER_URL,
            "CRM_QUEUE_PREFIX": str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]),
            "CRM_DATA_DIR": str(settings.DATA_DIR),
            "CRM_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "CRM_JOB_SWEEP_SECONDS": str(SWEEP_SECONDS),
        }
        arguments = ["worker", "--beat", "--schedule", str(settings.DATA_DIR / "beat"), "--concurrency", "2"]
        arguments += ["--without-mingle", "--without-gossip", "--include", "crm_site.lib.jobs.tests.handlers"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--quiet", "-A", "crm_site", *arguments],
            cwd=settings.BASE_DIR,
            env=os.environ | own | dict(environment),
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        since = timezone.now()
        assert eventually(lambda: WorkerHeartbeat.objects.filter(seen_at__gt=since).exists(), seconds=60)

    def kill(self) -> None:
        """As the machine kills it: the worker with its whole pool, without a word."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            self.process.wait()
