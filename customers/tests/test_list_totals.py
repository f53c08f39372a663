"""What the customers of a list come to together."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from crm_site.lib.accounts.models import User
from customers.models import Customer, Run
from customers.tests.factories import CompanyFactory, CustomerFactory, ScorecardFactory, user_with

URL = "/customers/totals/"


def ranked(run: Run, name: str, profit: int, **figures: Any) -> Customer:
    customer = CustomerFactory(name=name, given_name="")
    ScorecardFactory(run=run, customer=customer, profit=Decimal(profit), **figures)
    return customer


def facts(response: Any) -> dict[str, str]:
    return {fact.label: fact.value for fact in response.context["totals"].facts}


def test_totals_are_those_of_the_filtered_list_on_all_its_pages(visitor: Client, run: Run) -> None:
    for _number in range(30):
        ranked(run, "Wanted", 10, net_revenue=Decimal(40), lifetime_value=Decimal(5))
    ranked(run, "Other", 1000)
    assert facts(visitor.get(URL, {"q": "wanted"})) == {
        "Customers": "30",
        "Net revenue": "€1,200",
        "Profit": "€300",
        "Lifetime value": "€150",
    }


@pytest.mark.parametrize("sort", ["", "-profit"])
def test_customers_without_figures_are_counted_and_told_of(visitor: Client, run: Run, sort: str) -> None:
    ranked(run, "Old", 10)
    CustomerFactory()
    (customers, *_sums) = visitor.get(URL, {"kind": "person", "sort": sort}).context["totals"].facts
    expected = ("1", "") if sort else ("2", "1 of them has no figures yet.")
    assert (customers.value, customers.hint) == expected


def test_totals_of_everybody_come_from_the_run(visitor: Client, run: Run) -> None:
    ranked(run, "Any", 1)
    account, nothing = {"net_revenue": "500.00", "profit": "70.00"}, {"net_revenue": "0.00", "profit": "-2.00"}
    run.totals = {"customers": 1, "statement": account, "prospects_statement": nothing, "customer_equity": "90.00"}
    run.save()
    assert facts(visitor.get(URL)) == {
        "Customers": "1",
        "Net revenue": "€500",
        "Profit": "€68",
        "Lifetime value": "€90",
    }
    assert facts(visitor.get(URL, {"kind": "person"}))["Profit"] == "€1"


def test_totals_hold_only_customers_whom_one_may_see(client: Client, run: Run) -> None:
    CompanyFactory()
    ranked(run, "Free", 10)
    foreign: User = user_with(username="foreign")
    Customer.objects.filter(pk=ranked(run, "Foreign", 500).pk).update(owner=foreign)
    client.force_login(user_with("customers.view_customer", "customers.view_scorecard"))
    assert facts(client.get(URL))["Profit"] == "€10"


def test_whoever_may_not_see_figures_gets_the_number_alone(client: Client, run: Run) -> None:
    CompanyFactory()
    ranked(run, "Any", 10)
    client.force_login(user_with("customers.view_customer", "customers.see_all_customers"))
    assert facts(client.get(URL)) == {"Customers": "1"}


def test_without_scripts_a_link_shows_the_totals_in_the_list(visitor: Client, run: Run) -> None:
    ranked(run, "Any", 1234)
    page = visitor.get("/customers/", {"q": "any"})
    assert page.context["totals"] is None
    assert page.context["totals_here"] == "?q=any&totals=1"
    assert "€1,234" in str(facts(visitor.get("/customers/" + page.context["totals_here"])))


def test_totals_that_take_too_long_say_what_to_do(visitor: Client, run: Run) -> None:
    ranked(run, "Any", 10)
    with connection.execute_wrapper(_slowly):
        response = visitor.get(URL, {"kind": "person"})
    assert response.status_code == 200
    assert "could not be added up in time" in response.content.decode()


def _slowly(execute: Any, sql: str, *rest: Any) -> Any:
    """Let the adding up run into the limit that pages have."""
    if "SUM(" not in sql:
        return execute(sql, *rest)
    with transaction.atomic():
        execute("SET LOCAL statement_timeout = '50ms'", None, False, rest[-1])
        return execute("SELECT pg_sleep(5)", None, False, rest[-1])
