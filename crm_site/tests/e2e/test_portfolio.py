"""A manager reads customers as a portfolio: a point opens its customers, and a what-if lets the best ones go."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from crm_site import roles
from crm_site.tests.e2e.conftest import AS_OF, Site
from customers.models import Customer
from profitability.tests.shop import bought, recomputed

pytestmark = pytest.mark.django_db(transaction=True)

# Where the first point of the first series stands in the window.
PLACE_OF_POINT = """() => {
    const box = document.querySelector("[data-chart]");
    const spec = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    const point = [spec.x.values[0], spec.series[0].values[0]];
    const [x, y] = echarts.getInstanceByDom(box).convertToPixel({ seriesIndex: 0 }, point);
    box.scrollIntoView({ block: "center", behavior: "instant" });
    const edge = box.getBoundingClientRect();
    return [edge.left + x, edge.top + y];
}"""


def test_from_a_point_to_its_customers_and_from_the_best_to_a_what_if(site: Site, company: list[Customer]) -> None:
    page = site.page
    # So that the records have whole months: one order in the first week of the first, and one in June.
    for day in (dt.date(2025, 12, 3), dt.date(2026, 6, 25)):
        bought(company[0], day)
    recomputed(AS_OF)
    site.sign_in(roles.MANAGER)
    page.get_by_role("link", name="Portfolio", exact=True).click()
    expect(page.get_by_text("cannot be said from fewer than 24")).to_be_visible()
    page.get_by_role("link", name="Size").click()
    site.settled()
    expect(page.locator("[data-chart] svg")).to_be_visible()
    page.wait_for_timeout(600)  # until the points have grown to where they stay
    page.mouse.click(*page.evaluate(PLACE_OF_POINT))
    expect(page).to_have_url(re.compile(r"/ranking/\?revenue_min="))

    site.open("portfolio-concentration")
    expect(page.get_by_text("The ten best customers make")).to_be_visible()
    page.get_by_role("button", name="What if the ten best left?").click()
    expect(page.get_by_role("heading", name="If the 10 best customers left")).to_be_visible()
