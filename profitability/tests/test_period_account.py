"""The account of a customer by period: to the cent as pandas has it, beside the period before and an average."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_site.lib.formatting import money
from customers.models import Customer, Run, Scorecard
from customers.permissions import EXPORT
from customers.tests.factories import CustomerFactory, user_with
from profitability import period_actions
from profitability.models import CustomerMonth, PeriodFigure, PeriodRanking
from profitability.periods import Period, period_named
from profitability.permissions import SEE_VALUE
from profitability.reports import members
from profitability.reports.period_account import PeriodAccount, period_account
from profitability.reports.tracing import moments_asked
from profitability.tests.portfolio import a_portfolio, months_frame
from profitability.tests.shop import recomputed

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    a_portfolio()
    return recomputed()


@pytest.fixture
def manager(run: Run) -> Client:
    return client_with(
        SEE_VALUE, EXPORT, "customers.view_customer", "customers.see_all_customers", "customers.view_order"
    )


def client_with(*permissions: str) -> Client:
    client = Client()
    client.force_login(user_with(*permissions))
    return client


def named(code: str) -> Period:
    period = period_named(code, as_of=dt.date(2026, 6, 30))
    assert period is not None
    return period


def account_of(run: Run, customer: Customer, code: str) -> PeriodAccount:
    return period_account(run, customer, Customer.objects.all(), named(code))


def busiest(run: Run) -> Customer:
    return Customer.objects.get(pk=Scorecard.objects.in_run(run).latest("orders").customer_id)


@pytest.mark.parametrize("code", ["", "12m", "2026", "2026-q2", "2026-03"])
def test_profit_equals_that_of_pandas(run: Run, code: str) -> None:
    months, period = months_frame(run), named(code)
    if period.since and period.until:
        months = months[months.month.between(pd.Timestamp(period.since), pd.Timestamp(period.until))]
    sums = months.groupby("customer")[["net_revenue", "profit"]].sum()
    for customer in Customer.objects.filter(pk__in=sums.index)[:10]:
        account = account_of(run, customer, code).now
        assert [int(account.net_revenue * 100), int(account.profit * 100)] == sums.loc[customer.pk].tolist()


def test_everything_is_the_profit_of_the_scorecard(run: Run) -> None:
    for card in Scorecard.objects.in_run(run).select_related("customer"):
        assert account_of(run, card.customer, "").now.profit == card.profit


def test_a_period_equals_its_ranking(run: Run, manager: Client) -> None:
    manager.get("/ranking/?period=2026-q2")
    for figure in PeriodFigure.objects.filter(ranking=PeriodRanking.objects.get()).select_related("customer"):
        account = account_of(run, figure.customer, "2026-q2").now
        assert (account.profit, account.cost_to_serve, account.orders) == (
            figure.profit, figure.cost_to_serve, figure.orders,
        )  # fmt: skip


def test_the_period_before_stands_beside_it(run: Run) -> None:
    customer = busiest(run)
    account = account_of(run, customer, "2026-q2")
    assert account.before is not None
    assert account.before.profit == account_of(run, customer, "2026-q1").now.profit
    profit = account.lines()[-1]
    assert profit.change == account.now.profit - account.before.profit
    assert account_of(run, customer, "").before is None


def test_lines_add_up_to_profit(run: Run) -> None:
    lines = account_of(run, busiest(run), "2026").lines()
    items = sum(line.now for line in lines if line.kind == "item")
    assert items == lines[-1].now


def test_a_household_is_the_sum_of_its_members(run: Run) -> None:
    first, second, house = Customer.objects.order_by("pk")[:3]
    Customer.objects.filter(pk__in=[first.pk, second.pk]).update(member_of=house)
    whole = account_of(run, house, "2026-q2")
    parts = [account_of(run, one, "2026-q2").now for one in (first, second)]
    own = whole.now.profit - sum(part.profit for part in parts)
    Customer.objects.update(member_of=None)
    assert own == account_of(run, house, "2026-q2").now.profit
    assert {member.customer for member in whole.members} == {first, second, house}
    assert sum(member.profit for member in whole.members) == whole.now.profit


def test_members_whom_somebody_may_not_see_are_not_counted(run: Run) -> None:
    first, house = Customer.objects.order_by("pk")[:2]
    Customer.objects.filter(pk=first.pk).update(member_of=house)
    alone = period_account(run, house, Customer.objects.filter(pk=house.pk), named(""))
    assert (alone.members, alone.hidden) == ((), 1)


def test_members_of_members_belong_to_the_part_that_they_come_under(run: Run) -> None:
    house, branch, leaf, other = Customer.objects.order_by("pk")[:4]
    Customer.objects.filter(pk=branch.pk).update(member_of=house, kind=Customer.Kind.COMPANY)
    Customer.objects.filter(pk=leaf.pk).update(member_of=branch)
    Customer.objects.filter(pk=other.pk).update(member_of=house)
    Customer.objects.filter(pk=house.pk).update(member_of=branch)  # round in a circle
    whole = account_of(run, house, "2026")
    parts = {part.customer: part for part in whole.members}
    assert {one: part.customers for one, part in parts.items()} == {house: 1, branch: 2, other: 1}
    assert sum(part.profit for part in whole.members) == whole.now.profit
    own = Scorecard.objects.in_run(run).filter(customer__in=[house, branch, leaf, other])
    everything = account_of(run, house, "")
    assert everything.now.profit == sum(card.profit for card in own)


def test_a_sum_over_more_members_than_are_added_up_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MOST_MEMBERS", 2)
    house, *others = Customer.objects.order_by("pk")[:4]
    Customer.objects.filter(pk__in=[one.pk for one in others]).update(member_of=house)
    whole = account_of(run, house, "")
    assert (len(whole.members), whole.cut) == (3, True)
    assert sum(part.profit for part in whole.members) == whole.now.profit


def test_the_page_of_a_household_shows_parts_their_sum_and_who_is_hidden(run: Run) -> None:
    house, mine, theirs = Customer.objects.order_by("pk")[:3]
    seller = user_with(SEE_VALUE, "customers.view_customer")
    Customer.objects.update(owner=None, team=None)
    Customer.objects.filter(pk__in=[mine.pk, theirs.pk]).update(member_of=house)
    Customer.objects.filter(pk=theirs.pk).update(owner=user_with())
    client = Client()
    client.force_login(seller)
    page = client.get(f"/customers/{house.pk}/profit-and-loss/?period=2026")
    rows = page.context["members"].rows
    assert [row.cells[0].text for row in rows] == [house.full_name, mine.full_name, "Together"]
    assert rows[-1].cells[-1].text == money(page.context["account"].now.profit, "EUR")
    assert rows[1].cells[0].url == f"/customers/{mine.pk}/profit-and-loss/?period=2026"
    assert "1 member whom you may not see is not in the sum." in page.content.decode()
    part = client.get(rows[1].cells[0].url)
    assert part.context["part_of"] == house
    assert f"Part of {house.full_name}" in part.content.decode()
    panel = client.get(f"/customers/{house.pk}/more/").content.decode()
    assert theirs.full_name not in panel


def test_the_average_is_that_of_the_category(run: Run, manager: Client) -> None:
    customer = busiest(run)
    page = manager.get(f"/customers/{customer.pk}/profit-and-loss/?period=2026-q2").context
    figures = PeriodFigure.objects.filter(ranking=PeriodRanking.objects.get())
    category = figures.get(customer=customer).category
    profits = list(figures.filter(category=category).values_list("profit", flat=True))
    average = (sum(profits) / len(profits)).quantize(Decimal("0.01"))
    assert page["lines"][-1].average == average
    margin = next(line for line in page["lines"] if line.label == "Gross margin")
    goods = next(line for line in page["lines"] if line.label == "Cost of goods")
    revenue = next(line for line in page["lines"] if line.label == "Net revenue")
    assert abs(revenue.average + goods.average - margin.average) <= Decimal("0.02")


def test_the_average_of_everybody_can_be_chosen(run: Run, manager: Client) -> None:
    customer = busiest(run)
    page = manager.get(f"/customers/{customer.pk}/profit-and-loss/?compare=all").context
    profits = list(Scorecard.objects.in_run(run).filter(place__isnull=False).values_list("profit", flat=True))
    assert page["lines"][-1].average == (sum(profits) / len(profits)).quantize(Decimal("0.01"))


def test_lines_open_the_orders_of_the_period(run: Run, manager: Client) -> None:
    customer = busiest(run)
    page = manager.get(f"/customers/{customer.pk}/profit-and-loss/?period=2026-q2").context
    orders = manager.get(page["lines"][0].url).context["paging"].count
    assert orders == customer.orders.filter(ordered_on__range=(dt.date(2026, 4, 1), dt.date(2026, 6, 30))).count()


def test_activities_tell_how_much_there_was_and_open_those_records(run: Run, manager: Client) -> None:
    customer = busiest(run)
    manager = client_with(
        SEE_VALUE, "customers.view_customer", "customers.see_all_customers", "customers.view_contactmoment"
    )
    assert run.totals
    drivers = tuple(run.totals["drivers"])
    account = period_account(run, customer, Customer.objects.all(), named("2026-q2"), drivers=drivers)
    months = CustomerMonth.objects.of(run, customer.pk).filter(month__gte="2026-04-01", month__lte="2026-06-01")
    for number, code in enumerate(drivers):
        assert account.quantities.get(code, 0) == sum(month.quantities[number] for month in months)
    response = manager.get(f"/customers/{customer.pk}/profit-and-loss/?period=2026-q2")
    told = {line.label: (line.note, line.url) for line in response.context["lines"] if line.drivers}
    contacts = {label: each for label, each in told.items() if "/moments/" in each[1]}
    assert contacts
    assert all("since=2026-04-01&until=2026-06-30" in url for _note, url in contacts.values())
    assert {url for _note, url in told.values() if "/moments/" not in url} == {""}  # who may not see orders


@pytest.mark.parametrize(
    ("drivers", "asked"),
    [
        (["contacts_phone", "minutes_phone"], {"channel": "phone"}),
        (["minutes_chat", "minutes_invoice", "orders"], {"channel": "chat,invoice"}),
        (["contacts_at_12", "minutes_at_12"], {"touchpoint": "12"}),
        (["contacts_at_12", "minutes_at_3"], {}),
        (["contacts_at_12", "minutes_phone"], {}),
        (["orders"], {}),
    ],
)
def test_drivers_say_which_contact_moments_they_count(drivers: list[str], asked: dict[str, str]) -> None:
    assert moments_asked(drivers) == asked


def test_the_account_is_a_file(run: Run, manager: Client) -> None:
    url = f"/customers/{busiest(run).pk}/profit-and-loss/?period=2026-q2&format=csv"
    lines = b"".join(manager.get(url).streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"Line","Period","Period before","Change"')
    assert lines[-1].startswith('"Profit",')


def test_somebody_without_figures_has_an_empty_account(run: Run, manager: Client) -> None:
    customer = CustomerFactory()
    page = manager.get(f"/customers/{customer.pk}/profit-and-loss/")
    assert page.status_code == 200
    assert page.context["lines"][-1].now == 0
    assert page.context["standing"] is None


def test_the_page_does_not_wait_for_the_ranking_of_a_large_base(
    run: Run, manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(period_actions, "AT_ONCE", 3)
    page = manager.get(f"/customers/{busiest(run).pk}/profit-and-loss/?period=2026-q2")
    assert page.context["job"].active
    assert page.context["lines"][-1].average is None


def test_whom_somebody_may_not_see_has_no_page(run: Run) -> None:
    url = f"/customers/{busiest(run).pk}/profit-and-loss/"
    assert client_with(SEE_VALUE).get(url).status_code == 404
    assert client_with("customers.view_customer", "customers.see_all_customers").get(url).status_code == 403


def test_the_number_of_queries_does_not_grow_with_months_or_members(run: Run, manager: Client) -> None:
    house = busiest(run)
    url = f"/customers/{house.pk}/profit-and-loss/?period=2026-q2"
    alone = queries(manager, url)
    Customer.objects.exclude(pk=house.pk).update(member_of=house)
    assert queries(manager, url) == alone <= 12


def queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_an_account_leads_to_what_ifs_about_its_customer_alone(run: Run, manager: Client) -> None:
    customer = busiest(run)
    page = manager.get(f"/customers/{customer.pk}/profit-and-loss/")
    assert len(page.context["levers"]) == 4
    for _label, url, _icon in page.context["levers"]:
        form = manager.get(url).context["form"]
        assert (form.lever.rows, form.lever.row) == ("customers", str(customer.pk))
        assert dict(form.fields["group"].choices)[f"customers:{customer.pk}"] == customer.full_name
