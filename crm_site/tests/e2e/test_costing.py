"""A controller works out a costing in a real browser: from an empty draft to figures that add up."""

import pytest
from playwright.sync_api import expect

from crm_site import roles
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from crm_site.tests.e2e.conftest import Site
from customers.models import Customer
from profitability.models import Costing

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_costing_is_made_published_and_adds_up(site: Site, company: list[Customer]) -> None:
    page = site.page
    site.sign_in(roles.MANAGER)
    site.open("costing-versions")
    site.settled()
    page.get_by_role("button", name="First costing").click()
    page.get_by_role("link", name="New cost pool").click()
    page.get_by_label("Name", exact=False).first.fill("Order desk")
    page.get_by_label("Practical capacity", exact=False).fill("600")
    page.get_by_role("button", name="Save").click()

    page.get_by_role("link", name="New activity").click()
    site.settled()
    page.get_by_label("Name", exact=False).first.fill("Process orders")
    page.get_by_label("Time-driven").check()
    page.get_by_label("Resource", exact=True).select_option(label="Order desk")
    equation = page.get_by_label("Time equation")
    equation.press_sequentially("8 * ordrs")
    expect(page.get_by_text("Did you mean “orders”?", exact=False)).to_be_visible()
    equation.fill("8 * ")
    page.get_by_text("Names that can be used").click()
    page.locator("[data-insert=orders]").click()
    expect(equation).to_have_value("8 * orders")
    expect(
        page.get_by_text("The equation can be used", exact=False).or_(page.get_by_text("For example"))
    ).to_be_visible()
    page.get_by_role("button", name="Save").click()

    page.get_by_role("link", name="Amounts by month").click()
    site.settled()
    page.get_by_label("Amount of Order desk in Mar 2026").fill("480,50")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 figure was saved.", exact=False)).to_be_visible()
    page.get_by_role("link", name="Back to the draft").click()
    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/costing/")
    run_job(Job.objects.filter(kind="recompute").latest("id").pk)

    site.open("costing-reconciliation")
    expect(page.get_by_text("It adds up to the cent.", exact=False)).to_be_visible()
    expect(page.get_by_text("$480.50").or_(page.get_by_text("€480.50")).first).to_be_visible()
    current = Costing.objects.current()
    assert current is not None
    assert current.activities.get().equation == "8 * orders"
