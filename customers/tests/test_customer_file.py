"""The file of one customer: what is known, what is unknown, and who may see which part."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Run
from customers.models.moment import Channel
from customers.models.scorecard import Category
from customers.tests.factories import (
    A_DAY,
    ContactMomentFactory,
    CustomerFactory,
    OrderFactory,
    ScorecardFactory,
    TouchpointFactory,
    UserFactory,
    user_with,
)


@pytest.fixture
def customer(db: None) -> Customer:
    return CustomerFactory(name="Dupont", given_name="Marie", reference="C77", phone="+33 1 23", is_synthetic=True)


def page_of(visitor: Client, customer: Customer, **parameters: str) -> Any:
    response = visitor.get(f"/customers/{customer.pk}/", parameters)
    assert response.status_code == 200
    return response


def figures_of(response: Any) -> dict[str, str]:
    return {figure.label: figure.value for figure in response.context["figures"]}


def test_the_head_says_who_it_is(visitor: Client, customer: Customer) -> None:
    page = page_of(visitor, customer).content.decode()
    for text in ("Marie Dupont", "C77", "Person", "Invented identity", 'href="tel:+33123"', "c77@example.com"):
        assert text in page


def test_the_value_panel_shows_the_current_run(visitor: Client, customer: Customer, run: Run) -> None:
    Run.objects.update(totals={"ranking": {"customers": 2}})
    ScorecardFactory(
        run=run, customer=customer, place=1, net_revenue=Decimal("2000"), profit=Decimal("1234.56"),
        category=Category.MOST_PROFITABLE, expected_orders=2.46, probability_alive=0.753, churn_risk=0.31,
    )  # fmt: skip
    response = page_of(visitor, customer)
    assert figures_of(response) == {
        "Profit this year": "€0.00",
        "Lifetime value": "€80.00",
        "Profit so far": "€1,234.56",
        "Net revenue": "€2,000.00",
        "Churn risk": "31%",
        "Cost to serve": "€10.00",
    }
    hints = [figure.hint for figure in response.context["figures"]]
    assert "Rank 1 of 2" in hints
    assert "Probably between €60 and €110" in hints
    formulas = " ".join(figure.formula for figure in response.context["figures"])
    assert "About four in five customers like this one come to an amount between the limits." in formulas
    assert "on no order comes within the time after which customers count as former ones" in formulas
    assert "Probability active 75%" in hints
    assert "Most profitable" in response.content.decode()


def test_whoever_ordered_once_is_never_called_surely_active(visitor: Client, customer: Customer, run: Run) -> None:
    # Two orders of one day are one, as the model counts them.
    ScorecardFactory(
        run=run, customer=customer, orders=2, first_order_on=A_DAY, last_order_on=A_DAY, probability_alive=1.0,
        churn_risk=0.88,
    )  # fmt: skip
    response = page_of(visitor, customer)
    hints = [figure.hint for figure in response.context["figures"]]
    assert "A single order does not tell yet who has left." in hints
    assert "2 orders, 2.5 more expected (discounted)" in hints
    assert figures_of(response)["Churn risk"] == "88%"


def test_a_model_that_tells_who_left_after_one_order_is_believed(visitor: Client, customer: Customer, run: Run) -> None:
    Run.objects.update(totals={"lifetime_model": {"purchase_model": "mbgnbd"}})
    ScorecardFactory(
        run=run, customer=customer, orders=1, first_order_on=A_DAY, last_order_on=A_DAY, probability_alive=0.24
    )
    hints = [figure.hint for figure in page_of(visitor, customer).context["figures"]]
    assert "Probability active 24%" in hints


def test_what_was_not_computed_is_unknown_never_zero(visitor: Client, customer: Customer, run: Run) -> None:
    unknown = dict.fromkeys(
        ("place", "category", "lifetime_value", "lifetime_value_low", "expected_orders", "probability_alive")
    )
    ScorecardFactory(run=run, customer=customer, orders=0, **unknown)
    figures = figures_of(page_of(visitor, customer))
    assert {figures[name] for name in ("Lifetime value", "Churn risk")} == {"—"}
    assert "Not ranked" in page_of(visitor, customer).content.decode()


def test_a_customer_newer_than_the_run_says_so(visitor: Client, customer: Customer, run: Run) -> None:
    response = page_of(visitor, customer)
    assert "newer than the current figures" in response.content.decode()
    assert "figures" not in response.context


def test_before_the_first_run_the_panel_says_so(visitor: Client, customer: Customer) -> None:
    assert "after the first recompute" in page_of(visitor, customer).content.decode()


def test_the_latest_ten_orders_open_their_pages(visitor: Client, customer: Customer) -> None:
    orders = [OrderFactory(customer=customer, ordered_on=dt.date(2026, 1, day), lines=2) for day in range(1, 13)]
    OrderFactory()
    rows = page_of(visitor, customer).context["orders"].rows
    assert [row.cells[0].url for row in rows] == [f"/orders/{order.pk}/" for order in orders[:1:-1]]
    assert rows[0].cells[-1].text == "€20.00"


def test_a_contact_moment_tells_touchpoint_direction_and_person(visitor: Client, customer: Customer) -> None:
    touchpoint = TouchpointFactory(name="Complaint call", channel=Channel.PHONE)
    employee = UserFactory(first_name="Ada", last_name="Byron")
    ContactMomentFactory(customer=customer, touchpoint=touchpoint, employee=employee)
    (event,) = page_of(visitor, customer).context["timeline"].events
    assert (event.title, event.icon, event.who) == ("Complaint call · From the customer", "phone", "Ada Byron")


def test_an_unknown_place_among_the_moments_shows_the_first(visitor: Client, customer: Customer) -> None:
    ContactMomentFactory(customer=customer)
    response = visitor.get(f"/customers/{customer.pk}/moments/", {"after": "nonsense"})
    assert len(response.context["timeline"].events) == 1
    assert "unknown" in response.content.decode()


def test_a_household_shows_its_members_and_a_member_its_household(visitor: Client, customer: Customer) -> None:
    household = CustomerFactory(kind="household", name="Dupont-Martin", given_name="")
    Customer.objects.filter(pk=customer.pk).update(member_of=household)
    members = visitor.get(f"/customers/{household.pk}/more/").context["members"]
    assert [row.cells[0].text for row in members.rows] == ["Marie Dupont"]
    assert f'href="/customers/{household.pk}/"' in page_of(visitor, customer).content.decode()


def test_what_a_customer_wrote_is_shown_as_text(visitor: Client) -> None:
    hostile = "<script>alert(1)</script>"
    customer = CustomerFactory(name=hostile, given_name="", city=hostile, email="")
    ContactMomentFactory(customer=customer, summary=hostile, touchpoint__name=hostile)
    page = page_of(visitor, customer).content.decode()
    assert hostile not in page
    assert "&lt;script&gt;" in page


def test_a_file_costs_the_same_queries_however_much_it_holds(visitor: Client, customer: Customer, run: Run) -> None:
    ScorecardFactory(run=run, customer=customer)
    page_of(visitor, customer)
    counts = []
    for count in (1, 30):
        for _ in range(count):
            OrderFactory(customer=customer, lines=2)
            ContactMomentFactory(customer=customer)
        page_of(visitor, customer)
        with CaptureQueriesContext(connection) as queries:
            page_of(visitor, customer)
        counts.append(len(queries))
    assert counts == [12, 12]


def test_nobody_without_permission_sees_a_file(client: Client, customer: Customer) -> None:
    address = f"/customers/{customer.pk}/"
    assert client.get(address).status_code == 302
    client.force_login(user_with())
    assert client.get(address).status_code == 403


def test_a_customer_that_does_not_exist_is_not_found(visitor: Client) -> None:
    assert visitor.get("/customers/999999/").status_code == 404
    assert visitor.get(f"/customers/{2**63}/").status_code == 404


@pytest.mark.parametrize(
    ("permission", "part"),
    [
        ("customers.view_scorecard", "figures"),
        ("customers.view_order", "orders"),
        ("customers.view_contactmoment", "timeline"),
        ("profitability.view_profitability", "account_shown"),
    ],
)
def test_each_part_is_for_whoever_may_see_it(
    client: Client, customer: Customer, run: Run, permission: str, part: str
) -> None:
    ScorecardFactory(run=run, customer=customer)
    client.force_login(user_with("customers.view_customer"))
    assert part not in page_of(client, customer).context
    client.force_login(user_with("customers.view_customer", "customers.view_scorecard", permission))
    assert part in page_of(client, customer).context
