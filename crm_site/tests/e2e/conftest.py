"""A small company in a real browser: its server, its people, and a watch over what the pages must never do."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from crm_site import roles
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import Customer, Run
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    UserFactory,
)
from profitability.actions import request_recompute

PASSWORD = "a-password-for-tests"
AS_OF = dt.date(2026, 6, 30)
expect.set_options(timeout=20_000)  # on a busy machine a page may take its time; what never comes still fails


@dataclass
class Site:
    """The running application as one person sees it."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    def open(self, name: str, *args: object) -> None:
        self.page.goto(self.url + reverse(name, args=args))

    def sign_in(self, role: roles.Role) -> None:
        """Make somebody with this role and sign in through the page."""
        user = UserFactory(username=role.demo_login, is_staff=role is roles.ADMIN)
        user.set_password(PASSWORD)
        user.save()
        user.groups.add(Group.objects.get(name=role.name))
        self.open("account_login")
        self.page.fill("input[name=login]", user.username)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_url(lambda url: "login" not in url)
        self.settled()

    def settled(self) -> None:
        """Wait until the page has all its scripts: before that it is there to read, but answers no key."""
        self.page.wait_for_load_state("load")


@pytest.fixture
def site(live_server: LiveServer, page: Page, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The site in English; at the end no page has broken the Content-Security-Policy or failed in its scripts."""
    page.set_extra_http_headers({"Accept-Language": "en"})
    opened = Site(page, live_server.url)
    page.on("console", lambda message: note(opened, message))
    page.on("pageerror", lambda error: opened.faults.append(str(error)))
    yield opened
    assert opened.faults == []


def note(site: Site, message: ConsoleMessage) -> None:
    if message.type == "error" and "status of 4" not in message.text:
        site.faults.append(message.text)


@pytest.fixture
def company(transactional_db: None) -> list[Customer]:
    """Twelve customers of very unequal profit, with computed figures; the first one is the best."""
    CompanyFactory(currency="EUR")
    product = ProductFactory(name="Lamp")
    customers = [CustomerFactory(name=f"Lampion {number:02}", given_name="") for number in range(12)]
    for number, customer in enumerate(customers):
        for month in range(1, 4):
            order = OrderFactory(customer=customer, ordered_on=dt.date(2026, month, 10))
            cost = Decimal(20) if number < 9 else Decimal(130)
            OrderLineFactory(order=order, product=product, quantity=12 - number, unit_price=100, unit_cost=cost)
        ContactMomentFactory(customer=customer)
    recompute = run_job(request_recompute(reason=Run.Reason.ASKED, as_of=AS_OF).pk)
    assert recompute is not None
    assert recompute.state == Job.State.DONE
    return customers
