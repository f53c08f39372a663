"""Cohorts: every month of life worked out by hand on the shop, payback, and the page in its three states."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import AcquisitionSource, Customer, Run
from customers.permissions import EXPORT
from customers.tests.factories import CompanyFactory, user_with
from profitability.cohort_actions import cohorts_for, compute_cohorts
from profitability.cohorts import Age, Cohort, Cohorts
from profitability.models import RunCohorts
from profitability.permissions import SEE_VALUE
from profitability.tests.portfolio import a_portfolio
from profitability.tests.published import publish
from profitability.tests.shop import Shop, recomputed
from profitability.totals import RunTotals

URL = "/cohorts/"


def cohort(*profits: int, customers: int = 2) -> Cohort:
    return Cohort(
        key="2026-01-01",
        customers=customers,
        acquisition_cost=Decimal(0),
        lifetime_value=Decimal(0),
        ages=tuple(Age(active=customers - age, profit=Decimal(profit)) for age, profit in enumerate(profits)),
    )


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(user_with(SEE_VALUE, EXPORT))
    return client


def of_shop() -> Cohorts:
    run = recomputed()
    kept = cohorts_for(run=run, totals=RunTotals.from_json(run.totals), by=user_with(SEE_VALUE))
    return Cohorts.from_json(kept.totals)


@pytest.mark.parametrize(
    ("profits", "month"), [((5, 3), 1), ((-10, 4, 7), 3), ((-10, 12, -5), None), ((-10, 12, -5, 9), 4), ((-1,), None)]
)
def test_paid_back_is_from_when_profit_stays_above_nothing(profits: tuple[int, ...], month: int | None) -> None:
    assert cohort(*profits).payback_months == month


def test_retention_and_cumulative_profit_are_for_one_customer() -> None:
    found = cohort(-10, 4)
    assert [found.retention(age) for age in range(3)] == [1, 0.5, None]
    assert [found.cumulative_profit(age) for age in range(3)] == [Decimal(-5), Decimal(-3), None]


@pytest.mark.django_db
def test_the_shop_month_by_month() -> None:
    # Ada: 115 less goods of 72 and 12 of orders in May; in June -2 less goods of -10, 3.33 of an order and 6 of a call.
    Shop()
    may, june = of_shop().months
    assert (may.key, may.customers, may.ages) == (
        "2026-05-01",
        1,
        (Age(active=1, profit=Decimal("31.00")), Age(active=1, profit=Decimal("-1.33"))),
    )
    assert (june.key, june.ages) == ("2026-06-01", (Age(active=1, profit=Decimal("-6.33")),))
    assert (june.acquisition_cost, june.payback_months) == (Decimal(4), None)


@pytest.mark.django_db
def test_sources_stand_by_number_of_customers_and_the_unknown_one_is_told() -> None:
    shop = Shop()
    fair = AcquisitionSource.objects.create(name="Fair")
    type(shop.ada).objects.filter(pk=shop.ada.pk).update(source=fair)
    type(shop.bob).objects.filter(pk=shop.bob.pk).update(source=None)
    found = {one.key: one for one in of_shop().sources}
    assert found[str(fair.pk)].profit_so_far == Decimal("29.67")
    assert [age.active for age in found[str(fair.pk)].ages] == [1, 1]
    assert found[""].profit_so_far == Decimal("-6.33")


@pytest.mark.django_db
def test_cohorts_are_added_up_once_a_run() -> None:
    Shop()
    of_shop()
    kept = RunCohorts.objects.get()
    assert compute_cohorts(cohorts_id=kept.pk).computed_at == kept.computed_at
    assert Cohorts.from_json(Cohorts.from_json(kept.totals).as_json()) == Cohorts.from_json(kept.totals)


@pytest.mark.django_db
def test_many_customers_are_added_up_in_the_background(monkeypatch: pytest.MonkeyPatch, manager: Client) -> None:
    Shop()
    recomputed()
    monkeypatch.setattr("profitability.cohort_actions.AT_ONCE", 1)
    for _ in range(2):  # asking twice is asking once
        page = manager.get(URL)
    job = Job.objects.get(kind="cohorts")
    assert reverse("job-progress", args=[job.pk]) in page.content.decode()
    run_job(job.pk)
    assert "May 2026" in manager.get(URL).content.decode()


@pytest.mark.django_db
def test_the_page_tells_retention_profit_and_worth(manager: Client) -> None:
    Shop()
    recomputed()
    context = manager.get(URL).context
    assert [row.name for row in context["retention"].rows] == ["May 2026", "Jun 2026"]
    assert [cell.text for cell in context["retention"].rows[0].cells[:3]] == ["100%", "100%", ""]
    assert [cell.text for cell in context["profit"].rows[0].cells[:3]] == ["€31.00", "€29.67", ""]
    worth = [[cell.text for cell in row.cells] for row in context["worth"].rows]
    assert worth[0][:4] == ["May 2026", "1", "€0.00", "€29.67"]
    assert [row[5] for row in worth] == ["in month 1", "not yet"]


@pytest.mark.django_db
def test_sources_are_named_and_a_strange_sort_is_ignored(manager: Client) -> None:
    Shop()
    recomputed()
    assert manager.get(f"{URL}?by=sources").context["sort"] == "sources"
    assert manager.get(f"{URL}?by=colour").context["sort"] == "months"


@pytest.mark.django_db
def test_a_cohort_file_has_every_month_of_life(manager: Client) -> None:
    Shop()
    assert manager.get(f"{URL}?format=csv").status_code == 404
    of_shop()
    response = manager.get(f"{URL}?by=months&format=csv")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 4


@pytest.mark.django_db
def test_before_a_recompute_there_are_no_cohorts(manager: Client) -> None:
    CompanyFactory()
    assert "There are no cohorts yet" in manager.get(URL).content.decode()


@pytest.mark.django_db
def test_a_run_without_rows_has_no_cohorts(manager: Client) -> None:
    CompanyFactory()
    Run.objects.filter(pk=publish(10).pk).update(has_rows=False)
    assert "There are no cohorts yet" in manager.get(URL).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["months", "sources"])
def test_a_cohort_opens_its_customers(by: str) -> None:
    a_portfolio()
    fair = AcquisitionSource.objects.create(name="Fair")
    Customer.objects.filter(pk__in=Customer.objects.values("pk")[:4]).update(source=fair)
    Customer.objects.filter(pk__in=Customer.objects.order_by("-pk").values("pk")[:4]).update(source=None)
    of_shop()
    client = Client()
    rights = ("customers.view_customer", "customers.view_scorecard", "customers.see_all_customers")
    client.force_login(user_with(SEE_VALUE, *rights))
    page = client.get(f"{URL}?by={by}").context
    worth, retention = page["worth"].rows, page["retention"].rows
    assert worth
    for row, heat in zip(worth, retention, strict=True):
        opened = client.get(row.cells[0].url).context
        assert not opened["faults"]
        assert opened["paging"].count == row.cells[1].plain
        assert heat.url == row.cells[0].url
