"""The profit and loss account of one customer: the same cents as the scorecard, and every line with its records."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm_site.lib.jobs.actions import run_job
from customers.models import Customer, Product, Run, Scorecard
from customers.models.moment import Channel
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    TouchpointFactory,
    user_with,
)
from profitability.actions import publish_costing, request_recompute
from profitability.charts import profit_of_customer
from profitability.models import Activity, ActivityShare, Costing, CostPool, CostPoolAmount, CustomerMonth, RunMonth
from profitability.permissions import SEE_VALUE
from profitability.reports import CustomerProfitAndLoss, customer_profit_and_loss
from profitability.reports.profit_and_loss import account_of as summed
from profitability.reports.profit_and_loss import charge, profit_of_years, rates_of

# A recompute reads one state of all records, in a transaction of its own.
pytestmark = pytest.mark.django_db(transaction=True)

AS_OF = dt.date(2026, 6, 30)
LONG_AGO, LATELY = dt.date(2025, 3, 10), dt.date(2026, 6, 10)


def a_costing() -> None:
    """A third of 700.00 a month goes by orders; 333.33 buys 1,000 minutes, of which a call takes 7.5 and its length."""
    costing = Costing.objects.create(name="2026")
    desk = CostPool.objects.create(costing=costing, name="Order desk")
    calls = CostPool.objects.create(costing=costing, name="Call centre", practical_capacity_minutes=1000)
    orders = Activity.objects.create(costing=costing, name="Process orders", driver="orders", position=1)
    ActivityShare.objects.create(activity=orders, pool=desk, percent=Decimal("33.3333"))
    timed = {"costing": costing, "method": Activity.Method.TIME_DRIVEN, "resource": calls}
    Activity.objects.create(name="Answer calls", position=2, equation="7.5 * contacts_phone + minutes_phone", **timed)
    for month in (LONG_AGO.replace(day=1), LATELY.replace(day=1)):
        CostPoolAmount.objects.create(pool=desk, month=month, amount=700)
        CostPoolAmount.objects.create(pool=calls, month=month, amount=Decimal("333.33"))
    publish_costing(costing=costing, at=timezone.now())


@pytest.fixture
def buyer() -> Customer:
    """Bought 2 for 30.00 less 5.00 long ago; lately bought 1, gave 1 back, paid a fee, and called for 7 minutes."""
    CompanyFactory()
    customer = CustomerFactory(acquisition_cost=Decimal("4.00"), acquired_on=LONG_AGO)
    goods = {"unit_price": Decimal("30.00"), "unit_cost": Decimal("12.345")}
    OrderLineFactory(order=order_of(customer, LONG_AGO), quantity=2, discount=5, **goods)
    lately = order_of(customer, LATELY)
    OrderLineFactory(order=lately, quantity=1, **goods)
    OrderLineFactory(order=lately, quantity=-1, **goods)
    OrderLineFactory(
        order=lately,
        product=ProductFactory(kind=Product.Kind.FEE),
        quantity=1,
        unit_price=Decimal("2.50"),
        unit_cost=None,
    )
    phone = TouchpointFactory(channel=Channel.PHONE)
    noon = timezone.make_aware(dt.datetime.combine(LATELY, dt.time(12)))
    ContactMomentFactory(customer=customer, touchpoint=phone, occurred_at=noon, minutes=7)
    return customer


@pytest.fixture
def others() -> None:
    """Customers among whom the costs are shared in amounts that do not come out even."""
    for position in range(7):
        customer = CustomerFactory()
        for day in (LONG_AGO, LATELY):
            OrderLineFactory(order=order_of(customer, day), quantity=position + 1)


def order_of(customer: Customer, day: dt.date) -> object:
    return OrderFactory(customer=customer, ordered_on=day)


@pytest.fixture
def run(buyer: Customer, others: None) -> Run:
    a_costing()
    return recompute()


def recompute() -> Run:
    job = run_job(request_recompute(reason=Run.Reason.ASKED, as_of=AS_OF).pk)
    assert job is not None
    assert job.state == job.State.DONE, job.problem
    return Run.objects.get(is_current=True)


def account_of(run: Run, customer: Customer) -> CustomerProfitAndLoss:
    account = customer_profit_and_loss(run, customer.pk)
    assert account is not None
    return account


def test_the_account_says_what_was_bought_returned_and_paid(run: Run, buyer: Customer) -> None:
    whole = account_of(run, buyer).whole
    assert (whole.gross, whole.discounts, whole.returns, whole.other) == (90, 5, 30, Decimal("2.50"))
    assert whole.net_revenue == Decimal("57.50")
    assert whole.cost_of_goods == Decimal("24.69")
    assert whole.gross_margin == Decimal("32.81")
    assert whole.direct_costs == 4


def test_activities_are_charged_as_worked_out_by_hand(run: Run, buyer: Customer) -> None:
    """A third of 700.00 over 8 orders each month; 14.5 minutes of 333.33 ÷ 1,000."""
    charges = {charge.activity.name: charge.amount for charge in account_of(run, buyer).whole.activities}
    assert charges == {"Process orders": Decimal("58.34"), "Answer calls": Decimal("4.83")}


def test_the_profit_is_that_of_the_scorecard_to_the_cent_for_every_customer(run: Run) -> None:
    for card in Scorecard.objects.in_run(run):
        whole = account_of(run, card.customer).whole
        found = (whole.net_revenue, whole.gross_margin, whole.cost_to_serve, whole.direct_costs, whole.profit)
        assert found == (card.net_revenue, card.gross_margin, card.cost_to_serve, card.direct_costs, card.profit)


def test_the_accounts_of_all_customers_add_up_to_the_months_of_the_run(run: Run) -> None:
    accounts = [account_of(run, customer).whole for customer in Customer.objects.all()]
    months = list(RunMonth.objects.filter(run=run))
    assert sum(account.profit for account in accounts) == sum(month.profit for month in months)
    assert sum(account.cost_to_serve for account in accounts) == sum(month.cost_to_serve for month in months)


def test_the_last_twelve_months_leave_out_what_is_older(run: Run, buyer: Customer) -> None:
    account = account_of(run, buyer)
    assert account.last_year_since == dt.date(2025, 7, 1)
    assert (account.last_year.gross, account.last_year.returns, account.last_year.orders) == (30, 30, 1)
    assert account.last_year.direct_costs == 0
    assert (account.whole.since, account.whole.until) == (LONG_AGO.replace(day=1), LATELY.replace(day=1))


def test_the_profit_of_a_year_is_that_of_its_months(run: Run, buyer: Customer) -> None:
    for customer in Customer.objects.all():
        days = [run.as_of.replace(year=year, month=month, day=1) for year in (2025, 2026) for month in range(1, 13)]
        drawn = dict(zip(days, [Decimal(0)] * 24, strict=True)) | months_of(run, customer)
        years = profit_of_years(run, customer.pk)
        for year, found in ((2026, years.profit), (2025, years.before or Decimal(0))):
            assert found == sum(profit for day, profit in drawn.items() if day.year == year)
    assert profit_of_years(run, buyer.pk).profit != 0


def months_of(run: Run, customer: Customer) -> dict[dt.date, Decimal]:
    """The profit of each month, through the rows of the whole account."""
    activities, rates = rates_of(run.pk)
    found = {}
    for month in CustomerMonth.objects.of(run, customer.pk):
        charges = {(month.month, each.pk): charge(month, rates.get((month.month, each.pk))) for each in activities}
        found[month.month] = summed([month], activities, charges).profit
    return found


def test_lines_run_from_gross_sales_to_profit_and_add_up(run: Run, buyer: Customer) -> None:
    lines = account_of(run, buyer).lines
    assert [line.label for line in lines] == [
        "Gross sales",
        "Discounts",
        "Returns",
        "Fees and adjustments",
        "Net revenue",
        "Cost of goods",
        "Gross margin",
        "Process orders",
        "Answer calls",
        "Contribution",
        "Direct costs",
        "Profit",
    ]
    assert sum(line.whole for line in lines if line.kind == "item") == lines[-1].whole


def test_lines_name_the_records_behind_them(run: Run, buyer: Customer) -> None:
    sources = {line.label: line.source for line in account_of(run, buyer).lines}
    assert (sources["Gross sales"], sources["Process orders"]) == ("orders", "orders")
    assert (sources["Answer calls"], sources["Profit"]) == ("moments", "")


def test_the_file_shows_the_account_with_links_to_orders_and_contacts(run: Run, buyer: Customer) -> None:
    permissions = ("customers.view_customer", "customers.view_scorecard", "customers.view_order")
    client = client_with(SEE_VALUE, "customers.view_contactmoment", *permissions)
    panel = reverse("customer-account", args=[buyer.pk])
    assert panel in client.get(buyer.get_absolute_url()).content.decode()
    page = client.get(panel).content.decode()
    assert f'<a href="/orders/?customer={buyer.pk}">Gross sales</a>' in page
    assert f'<a href="/orders/?customer={buyer.pk}&amp;since=2025-07-01">' in page
    assert f'<a href="/customers/{buyer.pk}/moments/?channel=phone">Answer calls</a>' in page


def test_the_account_is_not_for_those_who_may_not_see_value(run: Run, buyer: Customer) -> None:
    assert "profit-and-loss" not in file_of(buyer, "customers.view_customer", "customers.view_scorecard")


def client_with(*permissions: str) -> Client:
    client = Client()
    client.force_login(user_with(*permissions))
    return client


def file_of(customer: Customer, *permissions: str) -> str:
    return client_with(*permissions).get(customer.get_absolute_url()).content.decode()


def test_a_customer_newer_than_the_run_has_an_account_of_nothing(run: Run) -> None:
    account = account_of(run, CustomerFactory())
    assert account.whole.profit == 0
    assert account.whole.since is None


def test_there_is_no_account_once_the_rows_are_gone(run: Run, buyer: Customer) -> None:
    run.has_rows = False
    assert customer_profit_and_loss(run, buyer.pk) is None


def test_an_account_takes_three_queries_however_long_the_history(
    run: Run, buyer: Customer, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(3):  # type: ignore[operator]
        _ = account_of(run, buyer).lines


def test_without_a_costing_profit_is_margin_less_direct_costs(buyer: Customer) -> None:
    account = account_of(recompute(), buyer)
    assert account.whole.activities == ()
    assert account.whole.profit == Decimal("28.81")


def test_months_without_anything_stand_between_the_others(buyer: Customer) -> None:
    months = [(dt.date(2025, 11, 1), Decimal(5)), (dt.date(2026, 2, 1), Decimal(-3))]
    chart = profit_of_customer(buyer, months, "EUR")
    assert chart is not None
    assert [f"{month:%Y-%m}" for month in chart.x_values] == ["2025-11", "2025-12", "2026-01", "2026-02"]  # type: ignore[str-format]
    assert chart.series[0].values == [5, 0, 0, -3]
    assert profit_of_customer(buyer, [], "EUR") is None
