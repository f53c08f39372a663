"""The command palette under the fingers: opened, moved in and left by keyboard alone."""

import os
import re

import pytest
from playwright.sync_api import Route, expect

from crm_site import roles
from crm_site.tests.e2e.conftest import Site
from crm_site.tests.e2e.test_every_page import DESKTOP, PHONE, grave_findings
from customers.models import Customer
from customers.tests.factories import CompanyFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)
FIELD = "#palette-text"


@pytest.fixture
def lampions(transactional_db: None) -> list[Customer]:
    CompanyFactory()
    return [CustomerFactory(name=f"Lampion {number:02}", given_name="") for number in range(3)]


def test_a_customer_is_opened_by_keyboard_alone_and_offered_again(site: Site, lampions: list[Customer]) -> None:
    site.sign_in(roles.MANAGER)
    page = site.page
    page.keyboard.press("Control+k")
    expect(page.locator(FIELD)).to_be_focused()
    page.keyboard.type("lampion")
    expect(page.get_by_role("option", name="Lampion 02")).to_be_visible()
    page.keyboard.press("ArrowDown")
    marked = page.locator("#palette [aria-selected=true]")
    expect(marked).to_contain_text("Lampion 01")
    assert page.locator(FIELD).get_attribute("aria-activedescendant") == marked.get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lampion 01")
    site.settled()
    # The visit is noted by the panel that comes after the page.
    expect(page.locator("#more[aria-busy]")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("group", name="Recent customers").get_by_role("option")).to_have_count(1)


def test_enter_waits_for_the_answer_to_what_was_typed(site: Site, lampions: list[Customer]) -> None:
    site.sign_in(roles.MANAGER)
    site.page.keyboard.press("Control+k")
    expect(site.page.get_by_role("option").first).to_be_visible()
    site.page.keyboard.type("lampion 02")
    site.page.keyboard.press("Enter")
    expect(site.page.get_by_role("heading", level=1)).to_contain_text("Lampion 02")


def test_a_late_answer_to_an_empty_field_takes_nothing_from_who_pressed_enter(
    site: Site, lampions: list[Customer]
) -> None:
    site.sign_in(roles.MANAGER)
    site.settled()
    page, late = site.page, list[Route]()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_be_visible()
    page.route(re.compile(r"/palette/\?q=$"), lambda route: late.append(route))
    page.locator(FIELD).dispatch_event("palette-open")
    page.wait_for_timeout(50)
    page.keyboard.type("lampion 02")
    page.keyboard.press("Enter")
    (empty,) = late
    empty.continue_()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lampion 02")


def test_escape_closes_it_and_the_search_box_hands_over_its_text(site: Site, lampions: list[Customer]) -> None:
    site.sign_in(roles.MANAGER)
    site.page.fill("#global-search", "lampion 00")
    site.page.press("#global-search", "Control+k")
    expect(site.page.get_by_role("option", name="Lampion 00 C")).to_be_visible()
    site.page.keyboard.press("Escape")
    expect(site.page.locator("#palette")).to_be_hidden()
    expect(site.page.locator("#global-search")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_open_palette_is_accessible_and_fits_the_screen(site: Site, lampions: list[Customer], theme: str) -> None:
    site.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    site.page.set_viewport_size(PHONE if theme == "dark" else DESKTOP)
    site.sign_in(roles.MANAGER)
    site.page.click("[data-palette-open]")
    for text in ("", "lampion"):
        site.page.fill(FIELD, text)
        expect(site.page.get_by_role("option").first).to_be_visible()
        site.page.wait_for_timeout(400)
        if folder := os.environ.get("SHOTS"):
            site.page.screenshot(path=f"{folder}/palette-{theme}-{text}.png")
        assert grave_findings(site) == []
        assert not site.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_the_help_sheet_lists_the_palette(site: Site, lampions: list[Customer]) -> None:
    site.sign_in(roles.MANAGER)
    site.page.keyboard.press("?")
    expect(site.page.locator("#shortcuts")).to_contain_text("Search and commandsCtrl+K")
