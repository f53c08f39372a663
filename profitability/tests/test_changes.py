"""What is noted of changes, when transactions really end: which notes a recompute has seen, and who asks for more."""

from collections.abc import Iterator

import pytest
from django.db import connection

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import Customer, OrderLine, Run, Scorecard
from profitability.actions import recompute_if_changed, request_recompute
from profitability.changes import NOTES, changed_customers
from profitability.tests.portfolio import a_portfolio
from profitability.tests.shop import TODAY, recomputed
from profitability.totals import RunTotals

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_notes_of_other_tests() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {NOTES}")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {NOTES}")


def read_anew(run: Run) -> int | None:
    scope = RunTotals.from_json(run.totals).scope
    return scope.customers if scope else None


def test_what_is_committed_after_a_full_run_has_read_is_left_to_the_next() -> None:
    customer = a_portfolio(12)[0]
    recomputed()
    line = OrderLine.objects.filter(order__customer=customer).earliest("pk")
    writer = connection.copy()
    try:
        writer.set_autocommit(False)
        with writer.cursor() as cursor:
            cursor.execute("UPDATE customers_orderline SET unit_price = 5000, quantity = 1 WHERE id = %s", [line.pk])
        run_job(request_recompute(reason=Run.Reason.NIGHTLY, as_of=TODAY, full=True).pk)
        before = Scorecard.objects.in_run(Run.objects.get(is_current=True)).get(customer=customer).net_revenue
        assert changed_customers() == ([], False)
        writer.commit()
    finally:
        writer.close()
    assert changed_customers() == ([customer.pk], False)
    run = recomputed()
    assert read_anew(run) == 1
    assert Scorecard.objects.in_run(run).get(customer=customer).net_revenue > before + 3000


def test_what_a_run_of_changes_has_read_is_read_again_until_a_full_run() -> None:
    first, second, *_others = a_portfolio(12)
    recomputed()
    for customer in (first, second):
        OrderLine.objects.filter(order__customer=customer).update(unit_price=7)
        run = recomputed()
    assert read_anew(run) == 2
    run_job(request_recompute(reason=Run.Reason.NIGHTLY, as_of=TODAY, full=True).pk)
    assert changed_customers() == ([], False)


def test_the_clock_asks_only_when_something_changed_since() -> None:
    customer = a_portfolio(12)[0]
    assert recompute_if_changed() is None  # nothing to compare with
    recomputed()
    assert recompute_if_changed() is None
    Customer.objects.filter(pk=customer.pk).update(city="Elsewhere")
    assert recompute_if_changed() is None
    OrderLine.objects.filter(order__customer=customer).update(unit_price=7)
    job = recompute_if_changed()
    assert job is not None
    assert job.params["reason"] == Run.Reason.CHANGES
    assert not job.params["full"]
    assert recompute_if_changed() is None  # it waits already
    run_job(job.pk)
    assert Job.objects.get(pk=job.pk).state == Job.State.DONE
    assert recompute_if_changed() is None


def test_an_emptied_table_concerns_everybody() -> None:
    a_portfolio(12)
    recomputed()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_contactmoment CASCADE")
    assert changed_customers() == ([], True)
