"""Where nearly everybody earns, all marks of the whale curve crowd at its end: their names stay apart and readable."""

import datetime as dt

import pytest
from django.urls import reverse

from crm_site import roles
from crm_site.tests.e2e.conftest import AS_OF, Site
from customers.models import Customer
from customers.tests.factories import CustomerFactory
from profitability.tests.shop import bought, recomputed

pytestmark = pytest.mark.django_db(transaction=True)

OVERLAPPING = """() => {
    const names = [...document.querySelectorAll("[data-chart] svg text")]
        .filter((one) => /^(Peak|Best|Break|The last|You are)/.test(one.textContent));
    const boxes = names.map((one) => one.getBoundingClientRect());
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
    return [names.length, boxes.some((a, at) => boxes.slice(at + 1).some((b) => meet(a, b)))];
}"""


def test_the_names_of_late_marks_do_not_cover_each_other(site: Site, company: list[Customer]) -> None:
    for number in range(30):
        last = CustomerFactory(name=f"Zed {number}")
        bought(last, dt.date(2026, 6, 2), {"unit_price": 1000 - 30 * number, "unit_cost": 0})
    recomputed(AS_OF)
    site.sign_in(roles.MANAGER)
    site.page.goto(f"{site.url}{reverse('ranking')}?here={last.reference}")
    site.page.wait_for_timeout(900)
    shown, is_covered = site.page.evaluate(OVERLAPPING)
    assert shown >= 4
    assert not is_covered
