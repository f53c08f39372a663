"""What the page tests of customers stand on."""

import pytest
from django.test import Client

from crm_site.lib.accounts.models import User
from customers.models import Customer, Run
from customers.tests.factories import CompanyFactory, CustomerFactory, RunFactory, ScorecardFactory, user_with

READING = (
    "customers.view_customer",
    "customers.see_all_customers",
    "customers.view_scorecard",
    "customers.view_order",
    "customers.view_contactmoment",
    "customers.export_customer",
)


@pytest.fixture
def reader(db: None) -> User:
    """Somebody who may read every part of a customer's file, and nothing else."""
    CompanyFactory()
    return user_with(*READING, username="reader")


@pytest.fixture
def visitor(client: Client, reader: User) -> Client:
    """The reader's browser."""
    client.force_login(reader)
    return client


@pytest.fixture
def run(db: None) -> Run:
    """The current run."""
    return RunFactory()


@pytest.fixture
def three_customers(run: Run) -> dict[str, Customer]:
    """Three customers, of whom one loses money in one of two towns."""
    made = {}
    for name, city, profit in (("Loss", "Lyon", -5), ("Gain", "Lyon", 5), ("Far", "Gap", -5)):
        made[name] = CustomerFactory(name=name, given_name="", city=city)
        ScorecardFactory(run=run, customer=made[name], profit=profit, net_revenue=100)
    return made
