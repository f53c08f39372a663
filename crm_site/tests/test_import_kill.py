"""A worker that is killed in the middle of an import leaves nothing half done; the next one brings it to its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Sum

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from crm_site.tests.processes import LEASE_SECONDS, eventually, forget_sessions, url_of_test_database
from customers.import_actions import request_import
from customers.models import Customer, Import, Order, OrderLine, Product
from customers.tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 60_000
CODE = """
import sys, django
django.setup()
from django.conf import settings
from crm_site.lib.jobs.actions import run_job
settings.MEDIA_ROOT = sys.argv[1]
run_job(int(sys.argv[2]))
"""


@pytest.fixture
def asked() -> Iterator[Import]:
    """An import that waits for a worker; sessions of killed ones are ended afterwards."""
    rows = (b"A%d,C%d,2026-06-01,P%d,2,1.25\n" % (n // 3, n // 3 % 500, n % 50) for n in range(ROWS))
    content = b"order,customer,date,sku,quantity,unit_price\n" + b"".join(rows) + b"A0,C0,2026-06-01,P0,none,1\n"
    file = SimpleUploadedFile("orders.csv", content)
    yield request_import(upload=file, mapping="auto", requested_by=UserFactory())
    forget_sessions()


def kill_during(job: Job, statement: str) -> None:
    """Let another process do the job, and kill it once the database is at the statement."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(settings.MEDIA_ROOT), str(job.pk)],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "crm_site.settings",
            "DATABASE_URL": url_of_test_database(),
            "CRM_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        },
    )
    try:
        assert eventually(lambda: at_statement(statement), seconds=60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert eventually(lambda: not at_statement(statement), seconds=30)


def at_statement(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND query LIKE %s",
            [f"%{statement}%"],
        )
        return cursor.fetchone() is not None


@pytest.mark.parametrize("statement", ["COPY import_row", "INSERT INTO customers_orderline"])
def test_a_killed_import_leaves_nothing_and_is_done_wholly_by_the_next_worker(asked: Import, statement: str) -> None:
    kill_during(asked.job, statement)
    for model in (Order, OrderLine, Customer, Product):
        assert not model.objects.exists()
    time.sleep(LEASE_SECONDS)
    job = run_job(asked.job_id)
    asked.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DONE, 2)
    assert (asked.accepted, asked.rejected, asked.rejections.count()) == (ROWS, 1, 1)
    assert OrderLine.objects.aggregate(gross=Sum("gross"))["gross"] == Decimal("2.50") * ROWS
    assert (Order.objects.count(), Customer.objects.count(), Product.objects.count()) == (ROWS // 3, 500, 50)
