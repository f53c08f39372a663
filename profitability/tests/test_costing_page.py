"""The pages about costing: the costing in words, and where the costs of each month went."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.lib.components import Table
from customers.models import Run
from customers.tests.factories import CompanyFactory, user_with
from profitability.actions import publish_costing
from profitability.costing_actions import copy_costing
from profitability.models import (
    Activity,
    ActivityRate,
    ActivityShare,
    Costing,
    CostPool,
    CostPoolAmount,
    RunActivity,
    RunMonth,
    RunPool,
    RunPoolMonth,
)
from profitability.permissions import EDIT_COSTING, SEE_VALUE
from profitability.reports.costing import MONTHS
from profitability.tests.published import month_of, publish

pytestmark = pytest.mark.django_db

URL = "/costing/"
MONTH_URL = "/costing/2026-06/"
JUNE = dt.date(2026, 6, 1)
QUERIES = 19


@pytest.fixture
def manager() -> Client:
    return client_with(SEE_VALUE, "customers.view_order")


def client_with(*permissions: str, is_staff: bool = False) -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(*permissions, is_staff=is_staff))
    return client


@pytest.fixture
def costing() -> Costing:
    """A warehouse whose costs go 60 % by orders, and a call centre whose minutes answer and sell."""
    costing = Costing.objects.create(name="Costs of 2026")
    warehouse = CostPool.objects.create(costing=costing, name="Warehouse")
    centre = CostPool.objects.create(costing=costing, name="Call centre", practical_capacity_minutes=1000)
    packing = Activity.objects.create(costing=costing, name="Packing", driver="orders", position=1)
    ActivityShare.objects.create(activity=packing, pool=warehouse, percent=60)
    timed = {"costing": costing, "method": Activity.Method.TIME_DRIVEN, "resource": centre}
    Activity.objects.create(name="Answering", position=2, equation="8 * orders + 2.5 * order_lines", **timed)
    for month in (dt.date(2026, 5, 1), JUNE):
        CostPoolAmount.objects.create(pool=warehouse, month=month, amount=1000)
        CostPoolAmount.objects.create(pool=centre, month=month, amount=800)
    publish_costing(costing=costing, at=timezone.now())
    return costing


@pytest.fixture
def run(costing: Costing) -> Run:
    """A run of that costing: in June, 30 orders were packed and 600 minutes spent on answers."""
    run = publish(30, 20, 10, drivers=("orders", "order_lines"))
    packing, answering = costing.activities.all()
    rate_of(run, packing, quantity=30, rate=20.0, coefficients=[2000.0, 0.0], cost=600)
    rate_of(run, answering, quantity=600, rate=0.8, coefficients=[640.0, 200.0], cost=480)
    RunMonth.objects.filter(run=run, month=JUNE).delete()
    month_of(run, JUNE, entered=1800, unused_capacity=320, company_level=400, cost_to_serve=1080)
    centre, warehouse = costing.pools.all()
    pool_month_of(run, warehouse, entered=1000, charged=600, company_level=400)
    pool_month_of(run, centre, entered=800, charged=480, unused_capacity=320, capacity=1000.0, used=600.0)
    return run


def pool_month_of(run: Run, pool: CostPool, *, month: dt.date = JUNE, **figures: object) -> RunPoolMonth:
    """Where the amount of a pool went: nowhere, unless told otherwise."""
    kept, _made = RunPool.objects.get_or_create(run=run, pool=pool, name=pool.name, position=pool.pk)
    nothing = dict.fromkeys(
        ("charged_anonymous", "unused_capacity", "overload", "company_level", "rounding_difference"), 0
    )
    return RunPoolMonth.objects.create(pool=kept, month=month, **(nothing | figures))


def rate_of(run: Run, activity: Activity, *, cost: int, **figures: object) -> None:
    used = RunActivity.objects.create(
        run=run,
        activity=activity,
        name=activity.name,
        position=activity.position,
        method=activity.method,
        drivers=["orders"],
    )
    charged = {"cost": cost, "charged": cost, "charged_anonymous": 0, "rounding_difference": 0}
    ActivityRate.objects.create(activity=used, month=JUNE, **charged, **figures)


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_cost_pools_say_who_takes_what_of_them(manager: Client, costing: Costing) -> None:
    assert texts(manager.get(URL).context["pools"]) == [
        ["Call centre", "€800.00", "1,000", "time-driven activities, by the minute", "what is unused"],
        ["Warehouse", "€1,000.00", "", "Packing 60%", "40%"],
    ]


def test_activities_are_told_in_words(manager: Client, costing: Costing) -> None:
    assert texts(manager.get(URL).context["activities"]) == [
        ["Packing", "60% of Warehouse", "Orders"],
        ["Answering", "minutes of Call centre", "8 min × orders + 2.5 min × order lines"],
    ]


def test_each_month_adds_up_to_the_cent(manager: Client, run: Run) -> None:
    june = texts(manager.get(URL).context["reconciliation"])[0]
    assert june == ["Jun 2026", "€1,800.00", "€1,080.00", "€320.00", "€400.00", "€0.00", "Yes"]


def test_overload_and_anonymous_sales_have_columns_only_where_there_are_any(manager: Client, run: Run) -> None:
    heads = [column.label for column in manager.get(URL).context["reconciliation"].columns]
    assert not {"Overload", "To anonymous sales"} & set(heads)
    month_of(run, dt.date(2026, 7, 1), entered=25, unused_capacity=20, anonymous_cost_to_serve=10, overload=5)
    MONTHS.forget()
    table = manager.get(URL).context["reconciliation"]
    assert {"Overload", "To anonymous sales"} <= {column.label for column in table.columns}
    assert texts(table)[0][-1] == "Yes"


def test_months_open_their_details(manager: Client, run: Run) -> None:
    assert manager.get(URL).context["reconciliation"].rows[0].cells[0].url == MONTH_URL


def test_rates_stand_by_month_and_activity(manager: Client, run: Run) -> None:
    table = manager.get(URL).context["rates"]
    assert [column.label for column in table.columns] == ["Activity", "Jun 2026", "May 2026"]
    assert texts(table) == [["Packing", "€20.00", ""], ["Answering", "€0.8000", ""]]
    assert [row.cells[0].note for row in table.rows] == ["for each unit: Orders", "for each minute"]


def test_use_of_capacity_is_a_share_of_the_minutes_that_there_are(manager: Client, run: Run) -> None:
    chart = manager.get(URL).context["capacity"]
    assert [(series.name, list(series.values)) for series in chart.series] == [("Call centre", [0.6])]


def test_overload_is_a_warning(manager: Client, run: Run) -> None:
    RunPoolMonth.objects.filter(pool__name="Call centre").update(capacity=400)
    notices = [notice.text for notice in manager.get(URL).context["warnings"]]
    assert notices[0].startswith("Call centre used 150% of its practical capacity in Jun 2026")


def test_months_without_amounts_are_a_warning(manager: Client, costing: Costing, run: Run) -> None:
    next_one = copy_costing(costing=costing, name="Costs of 2027")
    CostPoolAmount.objects.filter(pool__costing=next_one, pool__name="Warehouse", month=JUNE).delete()
    publish_costing(costing=next_one, at=timezone.now())
    notices = [notice.text for notice in manager.get(URL).context["warnings"]]
    assert notices[0].startswith("1 month with orders has no amount for: Warehouse.")


def test_many_months_are_cut_and_can_be_asked_for(manager: Client, run: Run) -> None:
    for year in (2023, 2024, 2025):
        for month in range(1, 13):
            month_of(run, dt.date(year, month, 1))
    page = manager.get(URL)
    assert (len(page.context["reconciliation"].rows), page.context["hidden_months"]) == (24, 14)
    assert len(manager.get(URL + "?months=all").context["reconciliation"].rows) == 38


def test_without_a_costing_the_page_says_what_one_is(manager: Client) -> None:
    assert "No costing yet" in manager.get(URL).content.decode()


def test_before_the_first_run_the_costing_is_there_without_months(manager: Client, costing: Costing) -> None:
    page = manager.get(URL).content.decode()
    assert "Packing" in page
    assert "Rates and reconciliation appear after the first recompute." in page


def test_only_those_who_may_edit_are_led_to_versions_and_drafts(costing: Costing) -> None:
    assert client_with(SEE_VALUE).get(URL).context["edit_url"] == ""
    editor = client_with(SEE_VALUE, EDIT_COSTING)
    assert editor.get(URL).context["edit_url"] == "/costing/versions/"
    draft = copy_costing(costing=costing, name="Next")
    assert editor.get(URL).context["edit_url"] == f"/costing/versions/{draft.pk}/"


def test_a_month_tells_quantity_rate_and_charge_of_each_activity(manager: Client, run: Run) -> None:
    assert texts(manager.get(MONTH_URL).context["lines"]) == [
        ["Packing", "30", "€20.00", "€600.00", "€600.00", "€0.00", "€0.00"],
        ["Answering", "600", "€0.8000", "€480.00", "€480.00", "€0.00", "€0.00"],
    ]


def test_a_time_driven_activity_says_what_each_unit_was_charged(manager: Client, run: Run) -> None:
    cells = manager.get(MONTH_URL).context["lines"].rows[1].cells
    assert cells[2].note == "Orders: €6.4000 · Order lines: €2.0000"


def test_a_month_opens_its_orders_and_its_neighbours(manager: Client, run: Run) -> None:
    page = manager.get(MONTH_URL)
    assert page.context["orders_url"] == "/orders/?since=2026-06-01&until=2026-06-30"
    assert page.context["detail"].earlier == dt.date(2026, 5, 1)
    assert page.context["detail"].later is None


def test_a_month_without_figures_says_so(manager: Client, run: Run) -> None:
    assert "No figures for this month" in manager.get("/costing/2020-01/").content.decode()


def test_a_month_that_is_none_has_no_page(manager: Client, run: Run) -> None:
    assert manager.get("/costing/2026-13/").status_code == 404


@pytest.mark.parametrize("url", [URL, MONTH_URL])
def test_only_those_who_may_see_value_are_let_in(url: str, run: Run) -> None:
    assert client_with("customers.view_order").get(url).status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_months(manager: Client, run: Run) -> None:
    few = queries(manager)
    for month in range(1, 13):
        month_of(run, dt.date(2025, month, 1))
    assert queries(manager) == few <= QUERIES


def queries(client: Client) -> int:
    client.get(URL)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(URL).status_code == 200
    return len(captured)
