"""The dashboard: its figures, its ways to the rows behind them, its empty state, and what it costs the database."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_site.lib.components import KeyFigure
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import Customer, Order, OrderLine, Run
from customers.permissions import EXPORT
from customers.tests.factories import A_DAY, CompanyFactory, CustomerFactory, OrderFactory, user_with
from profitability.actions import publish_costing, request_recompute
from profitability.models import Activity, ActivityShare, Costing, CostPool, CostPoolAmount
from profitability.permissions import SEE_RUNS, SEE_VALUE, START_RUN
from profitability.tests.published import GOODS, publish, statement
from profitability.totals import Changes

pytestmark = pytest.mark.django_db

URL = "/dashboard/"
# What every page of the shell asks, the running job, and nine about one run, whatever the number of customers.
QUERIES = 16
PROFITS = (500, 400, 300, 200, 100, *[20] * 15, -100, -150, -200, -250, -300)


@pytest.fixture
def manager() -> Client:
    return client_with(SEE_VALUE, SEE_RUNS, START_RUN, "customers.view_customer", "customers.view_order")


def client_with(*permissions: str) -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(*permissions))
    return client


def figures(client: Client) -> dict[str, KeyFigure]:
    return {figure.label: figure for figure in client.get(URL).context["figures"]}


# --- Figures ------------------------------------------------------------------------------------------------------


def test_key_figures_are_those_of_the_run(manager: Client) -> None:
    publish(*PROFITS)
    shown = figures(manager)
    assert shown["Customer profit"].value == "€800"
    assert shown["Net revenue"].value == "€2.5K"
    assert shown["Customers"].value == "25"
    assert shown["Customer equity"].value == "€250"
    assert shown["Customer equity"].hint == "between €200 and €325"
    assert shown["Share of the best 20%"].value == "188%"
    assert shown["Unused capacity"].value == "€7"


def test_every_key_figure_opens_the_rows_behind_it(manager: Client) -> None:
    publish(*PROFITS)
    assert {label: figure.url for label, figure in figures(manager).items()} == {
        "Customer profit": "/ranking/",
        "Net revenue": "/orders/",
        "Customers": "/customers/",
        "Customer equity": "/ranking/?sort=-lifetime_value",
        "Share of the best 20%": "/ranking/",
        "Unused capacity": "/costing/",
    }


def test_a_total_without_profit_is_shown_in_money(manager: Client) -> None:
    publish(100, *[0] * 20, -50, -60, -70, -80)
    assert figures(manager)["Profit of the best 20%"].value == "€100"
    chart = manager.get(URL).context["whale"]
    assert chart.format == "money"
    assert chart.series[0].values[-1] == -160


def test_changes_are_said_with_their_direction(manager: Client) -> None:
    changes = Changes(
        previous_run=1,
        customers=3,
        net_revenue=Decimal("-20.00"),
        profit=Decimal("50.00"),
        customer_equity=None,
        moves=(),
    )
    publish(*PROFITS, changes=changes)
    shown = figures(manager)
    assert (shown["Customers"].delta, shown["Customers"].delta_tone) == ("+3", "good")
    assert (shown["Customer profit"].delta, shown["Customer profit"].delta_tone) == ("+€50", "good")
    assert (shown["Net revenue"].delta, shown["Net revenue"].delta_tone) == ("-€20", "bad")
    assert shown["Customer equity"].delta == ""


def test_the_sentence_stands_on_the_page(manager: Client) -> None:
    publish(*PROFITS)
    page = manager.get(URL).content.decode()
    assert (
        "20% of customers make <strong>188%</strong> of the profit; the last 20% lose <strong>125%</strong> of it."
        in page
    )


def test_the_curve_marks_the_best_fifth_and_the_peak(manager: Client) -> None:
    publish(*PROFITS)
    chart = manager.get(URL).context["whale"]
    assert [(mark.x, round(mark.y, 4)) for mark in chart.marks] == [(0.2, 1.875), (0.8, 2.25)]
    assert chart.series[0].values[-1] == 1


def test_months_open_their_costing(manager: Client) -> None:
    publish(*PROFITS)
    assert manager.get(URL).context["months"].links == ["/costing/2026-05/", "/costing/2026-06/"]


def test_categories_show_their_policy_and_open_their_customers(manager: Client) -> None:
    publish(*PROFITS)
    cards = manager.get(URL).context["cards"]
    assert [(card.customers, card.url) for card in cards] == [
        (5, "/ranking/?category=1"),
        (15, "/ranking/?category=2"),
        (5, "/ranking/?category=3"),
        (0, "/ranking/?category=4"),
    ]
    assert cards[0].policy.startswith("Keep and delight")


def test_best_and_worst_customers_lead_to_their_files(manager: Client) -> None:
    publish(*PROFITS)
    best, worst = manager.get(URL).context["best"], manager.get(URL).context["worst"]
    assert [row.cells[0].text for row in best.rows] == ["Rank1", "Rank2", "Rank3", "Rank4", "Rank5"]
    assert [row.cells[0].text for row in worst.rows] == ["Rank25", "Rank24", "Rank23", "Rank22", "Rank21"]
    first = Customer.objects.get(name="Rank1")
    assert best.rows[0].cells[0].url == reverse("customer", args=[first.pk])


def test_nobody_is_best_and_worst_at_once(manager: Client) -> None:
    publish(30, 20, 10)
    assert len(manager.get(URL).context["best"].rows) == 3
    assert manager.get(URL).context["worst"].rows == []


def test_figures_of_charts_are_downloaded() -> None:
    publish(*PROFITS)
    client = client_with(SEE_VALUE, EXPORT)
    response = client.get(f"{URL}?table=categories&format=csv")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == '"Category","Profit"'
    assert len(lines) == 5
    assert client.get(f"{URL}?table=secrets&format=csv").status_code == 404


def test_the_page_carries_no_more_points_than_a_chart_can_show(manager: Client) -> None:
    publish(*range(1200, 0, -2))
    page = manager.get(URL)
    assert len(page.context["whale"].x_values) <= 500
    assert len(json.dumps(page.context["whale"].as_json())) < 60_000


# --- The figures, worked out a second time ---------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_page_agrees_with_an_independent_calculation(manager: Client) -> None:
    """Twenty customers, order lines of 10.00 that cost 6.00, and 400.00 of costs shared out by orders."""
    sell_and_recompute(customers=20)
    profits = profits_by_hand()
    total, best, last = sum(profits), sum(profits[:4]), sum(profits[-4:])
    assert total > 0 > last
    page = manager.get(URL).context
    assert page["totals"].statement.profit == total
    assert page["totals"].statement.net_revenue == OrderLine.objects.count() * 10
    share = f"{best / total:.0%} of the profit; the last 20% lose {-last / total:.0%} of it."
    assert page["finding"].text == f"20% of customers make {share}"
    assert [row.cells[3].text for row in page["best"].rows] == [f"€{profit:,.2f}" for profit in profits[:5]]
    assert [row.cells[3].text for row in page["worst"].rows] == [f"-€{-profit:,.2f}" for profit in profits[:-6:-1]]
    assert sum(card.customers for card in page["cards"]) == 20
    assert sum(page["categories"].series[0].values) == total


def sell_and_recompute(*, customers: int) -> None:
    """Each customer orders more lines than the one before; every third orders them one by one."""
    costing = Costing.objects.create(name="2026")
    desk = CostPool.objects.create(costing=costing, name="Order desk")
    CostPoolAmount.objects.create(pool=desk, month=A_DAY.replace(day=1), amount=400)
    activity = Activity.objects.create(costing=costing, name="Process orders", driver="orders")
    ActivityShare.objects.create(activity=activity, pool=desk, percent=100)
    publish_costing(costing=costing, at=timezone.now())
    for lines in range(1, customers + 1):
        customer = CustomerFactory()
        for part in [1] * lines if lines % 3 == 0 else [lines]:
            OrderFactory(customer=customer, ordered_on=A_DAY, lines=part)
    job = run_job(request_recompute(reason=Run.Reason.ASKED, as_of=A_DAY).pk)
    assert job is not None
    assert job.state == Job.State.DONE, job.problem


def profits_by_hand() -> list[Decimal]:
    """The profit of each customer, best first, from the order lines alone."""
    each = Decimal(400) / Order.objects.count()
    profits = []
    for customer in Customer.objects.all():
        orders, lines = Order.objects.filter(customer=customer), OrderLine.objects.filter(order__customer=customer)
        margin = sum((line.quantity * (line.unit_price - line.unit_cost) for line in lines), Decimal(0))
        profits.append(round(margin - round(each * orders.count(), 2), 2))
    return sorted(profits, reverse=True)


# --- What should be known -----------------------------------------------------------------------------------------


def warnings(client: Client) -> str:
    return " ".join(notice.text for notice in client.get(URL).context["warnings"])


def test_customers_newer_than_the_figures_are_counted(manager: Client) -> None:
    run = publish(30, 20, 10)
    Customer.objects.update(created_at=run.started_at - dt.timedelta(days=1))
    CustomerFactory(created_at=run.started_at + dt.timedelta(minutes=1))
    assert "1 customer is newer than these figures." in warnings(manager)


def test_months_without_costs_are_named(manager: Client) -> None:
    publish(30, 20, 10)
    costing = Costing.objects.create(name="2026")
    pool = CostPool.objects.create(costing=costing, name="Warehouse")
    CostPoolAmount.objects.create(pool=pool, month=dt.date(2026, 5, 1), amount=100)
    publish_costing(costing=costing, at=timezone.now())
    assert "1 month with orders lacks costs, so its profit is too high. (Jun 2026)" in warnings(manager)


def test_goods_without_a_known_cost_are_a_warning(manager: Client) -> None:
    publish(30, 20, 10, sales_without_cost=Decimal("75.00"))
    assert "The cost of goods is unknown for 25.0% of sales" in warnings(manager)


def test_returned_goods_are_no_goods_of_known_cost(manager: Client) -> None:
    sold = replace(statement(Decimal(60), 3), returns=Decimal("100.00"))
    publish(30, 20, 10, statement=sold, sales_without_cost=Decimal("200.00"))
    assert "The cost of goods is unknown for 100.0% of sales" in warnings(manager)


def test_records_that_ended_long_before_the_figures_are_told_with_what_to_do(manager: Client) -> None:
    run = publish(30, 20, 10)
    assert "all customers seem to have left" not in warnings(manager)
    Run.objects.filter(pk=run.pk).update(as_of=dt.date(2026, 11, 1))
    found = warnings(manager)
    assert "The last orders are those of Jun 2026" in found
    assert reverse("run-as-of") in manager.get(URL).content.decode()


def test_figures_without_a_costing_say_so(manager: Client) -> None:
    publish(30, 20, 10, costing=None)
    assert "No costing was published" in warnings(manager)


def test_anonymous_sales_are_told_apart(manager: Client) -> None:
    publish(30, 20, 10, anonymous=statement(Decimal(5), 2))
    assert figures(manager)["Net revenue"].hint == "besides €200 of anonymous sales"
    assert figures(manager)["Net revenue"].value == f"€{3 * GOODS:.0f}"


# --- Recomputing --------------------------------------------------------------------------------------------------


def test_a_recompute_under_way_is_shown_in_place_of_the_button(manager: Client) -> None:
    publish(30, 20, 10)
    assert b"Recompute now" in manager.get(URL).content
    job = Job.objects.create(kind="recompute", state=Job.State.RUNNING)
    page = manager.get(URL).content.decode()
    assert "Recompute now" not in page
    assert reverse("job-progress", args=[job.pk]) in page


def test_whoever_may_not_recompute_sees_no_button() -> None:
    publish(30, 20, 10)
    assert b"Recompute now" not in client_with(SEE_VALUE).get(URL).content


# --- Before the first figures -------------------------------------------------------------------------------------


def test_without_orders_the_page_says_to_import_some(manager: Client) -> None:
    page = manager.get(URL)
    assert [step.state for step in page.context["steps"]] == ["current", "todo", "todo"]
    assert "No orders yet" in page.content.decode()


def test_without_costs_the_page_says_to_define_them_but_lets_one_compute(manager: Client) -> None:
    OrderFactory()
    page = manager.get(URL)
    assert [step.state for step in page.context["steps"]] == ["done", "current", "todo"]
    assert "No costs yet" in page.content.decode()
    assert "Recompute now" in page.content.decode()


def test_with_orders_and_costs_the_page_offers_the_recompute(manager: Client) -> None:
    OrderFactory()
    Costing.objects.create(name="2026", is_current=True, published_at=timezone.now())
    page = manager.get(URL)
    assert [step.state for step in page.context["steps"]] == ["done", "done", "current"]
    assert "Ready to compute" in page.content.decode()


def test_a_run_that_is_not_published_shows_nothing(manager: Client) -> None:
    publish(30, 20, 10, is_current=False)
    assert Run.objects.exists()
    assert "steps" in manager.get(URL).context


# --- Access and speed ---------------------------------------------------------------------------------------------


def test_only_those_who_may_see_value_are_let_in() -> None:
    publish(30, 20, 10)
    assert client_with("customers.view_customer").get(URL).status_code == 403
    assert Client().get(URL).status_code == 302


def test_the_number_of_queries_does_not_grow_with_the_customers(manager: Client) -> None:
    Costing.objects.create(name="2026", is_current=True, published_at=timezone.now())
    publish(30, 20, 10)
    few = queries(manager)
    Run.objects.update(is_current=False)
    publish(*range(1, 120))
    assert queries(manager) == few <= QUERIES


def queries(client: Client) -> int:
    client.get(URL)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(URL).status_code == 200
    return len(captured)
