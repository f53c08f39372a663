"""Saved views, segments and the journey in a real browser: used, accessible, and fit for both themes and a phone."""

import datetime as dt
import os
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm_site import roles
from crm_site.lib.accounts.models import User
from crm_site.tests.e2e.conftest import Site
from crm_site.tests.e2e.test_every_page import DESKTOP, PHONE, grave_findings
from customers.models import Customer, SavedView, Segment
from customers.segment_actions import keep_figures
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    RunFactory,
    SavedViewFactory,
    ScorecardFactory,
    SegmentFactory,
    TouchpointFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio(transactional_db: None) -> list[Customer]:
    """Twelve customers on two runs, with moments at four touchpoints that ever fewer of them reach."""
    CompanyFactory()
    customers = [CustomerFactory(name=f"Lampion {number:02}", given_name="") for number in range(12)]
    segment = SegmentFactory(
        name="French lamps", channels=["email"], messages=2, days=30, policy="Call before writing."
    )
    for earlier in (True, False):
        run = RunFactory(is_current=not earlier)
        for number, customer in enumerate(customers[: 11 if earlier else 12]):
            ScorecardFactory(run=run, customer=customer, profit=100 - 10 * number, lifetime_value=50, net_revenue=200)
        keep_figures(run=run)
    assert segment.figures.count() == 2
    for place, name in enumerate(("Advertisement", "Website", "Shop", "Service")):
        touchpoint = TouchpointFactory(name=name, position=place, standard_minutes=5)
        for customer in customers[: 12 - 3 * place]:
            ContactMomentFactory(
                customer=customer, touchpoint=touchpoint, occurred_at=timezone.now() - dt.timedelta(days=20 - place)
            )
    return customers


def test_a_list_is_saved_changed_and_marked_without_leaving_it(site: Site, portfolio: list[Customer]) -> None:
    page = site.page
    site.sign_in(roles.MANAGER)
    site.open("customers")
    page.fill(".filter-search input", "lampion 0")
    expect(page).to_have_url(f"{site.url}/customers/?q=lampion+0")
    page.click("#saved-views summary")
    page.fill("#view-name", "First ten")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#saved-views summary")).to_contain_text("First ten")
    assert SavedView.objects.get().query == "q=lampion+0"
    expect(page.locator(".view-dot")).to_have_count(0)
    site.settled()
    page.fill(".filter-search input", "lampion 01")
    expect(page.locator(".view-dot")).to_be_visible()
    page.click("#saved-views summary")
    page.get_by_role("button", name="Keep the changes").click()
    expect(page.locator(".view-dot")).to_have_count(0)
    assert SavedView.objects.get().query == "q=lampion+01"


def test_files_are_turned_over_by_key_and_lead_back_to_the_list(site: Site, portfolio: list[Customer]) -> None:
    site.sign_in(roles.MANAGER)
    site.page.goto(f"{site.url}/customers/?q=lampion&sort=-profit")
    site.page.get_by_role("link", name="Lampion 00").click()
    site.page.wait_for_url(re.compile(r"/customers/\d+/"))
    site.page.keyboard.press("j")
    expect(site.page.get_by_role("heading", level=1)).to_contain_text("Lampion 01")
    site.page.get_by_role("link", name="Back to the list").click()
    expect(site.page).to_have_url(f"{site.url}/customers/?q=lampion&sort=-profit")


def test_filtered_customers_become_a_segment(site: Site, portfolio: list[Customer]) -> None:
    page = site.page
    site.sign_in(roles.MANAGER)
    page.goto(f"{site.url}/customers/?profit_min=50&sort=-profit")
    page.click("#saved-views summary")
    page.get_by_role("link", name="Make these customers a segment").click()
    page.get_by_label("Name").first.fill("Good ones")
    page.locator("main form button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Good ones")
    assert Segment.objects.get(name="Good ones").query == "profit_min=50"
    page.get_by_role("link", name="Show the customers").click()
    expect(page.locator("#results tbody tr")).to_have_count(6)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible_and_fit_the_screen(site: Site, portfolio: list[Customer], theme: str) -> None:
    site.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    site.page.set_viewport_size(PHONE if theme == "dark" else DESKTOP)
    site.sign_in(roles.MANAGER)
    segment = Segment.objects.get()
    SavedViewFactory(name="Pinned", is_pinned=True, owner=User.objects.get(username=roles.MANAGER.demo_login))
    addresses = {
        "views": f"/customers/?view={SavedView.objects.latest('pk').pk}&q=l",
        "segments": "/segments/",
        "segment": f"/segments/{segment.pk}/",
        "segment-new": "/segments/new/?filters=profit_min%3D5",
        "journey": "/journey/",
        "file": portfolio[0].get_absolute_url(),
    }
    faults: dict[str, object] = {}
    for name, address in addresses.items():
        site.page.goto(site.url + address)
        if name == "views":
            site.page.click("#saved-views summary")
        site.page.wait_for_timeout(600)
        if folder := os.environ.get("SHOTS"):
            site.page.screenshot(path=f"{folder}/{name}-{theme}.png", full_page=name != "views")
        findings = grave_findings(site)
        if findings or site.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            faults[name] = findings or "wider than the screen"
    assert faults == {}
