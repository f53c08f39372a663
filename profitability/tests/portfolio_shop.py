"""Two years of two sources of customers, for the tests of portfolios and of their pages."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client

from customers.models import AcquisitionSource, Run
from customers.permissions import EXPORT
from customers.tests.factories import CompanyFactory, CustomerFactory, user_with
from profitability.models import RunPortfolio
from profitability.permissions import SEE_VALUE
from profitability.portfolio_actions import portfolio_for
from profitability.tests.shop import bought, recomputed
from profitability.totals import RunTotals

SEE_ALL = "customers.see_all_customers"
TODAY = dt.date(2026, 1, 31)


class TwoYears:
    """Twenty-four months of a fair (12 and 10 for goods of 8) and of the web (9, 9, 12 and 12 for goods of 6)."""

    def __init__(self) -> None:
        CompanyFactory(currency="EUR")
        self.fair, self.web = (AcquisitionSource.objects.create(name=name) for name in ("Fair", "Web"))
        self.ada = CustomerFactory(name="Ada", given_name="", source=self.fair)
        self.bob = CustomerFactory(name="Bob", given_name="", source=self.web)
        for month in range(24):
            day = dt.date(2024 + (1 + month) // 12, (1 + month) % 12 + 1, 5)
            bought(self.ada, day, {"unit_price": 12 - 2 * (month % 2), "unit_cost": 8})
            bought(self.bob, day, {"unit_price": 9 + 3 * (month // 2 % 2), "unit_cost": 6})
        self.run = recomputed(TODAY)


def reader(*rights: str) -> AbstractUser:
    return user_with(SEE_VALUE, "customers.view_customer", "customers.view_segment", SEE_ALL, *rights)


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(reader(EXPORT))
    return client


def portfolio_of(run: Run) -> RunPortfolio:
    return portfolio_for(run=run, totals=RunTotals.from_json(run.totals), by=reader())


def texts(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]
