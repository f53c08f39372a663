"""Choosing a customer while one is typed: by keyboard alone, read out, and told what else may be meant."""

import pytest
from playwright.sync_api import expect

from crm_site import roles
from crm_site.tests.e2e.conftest import Site
from crm_site.tests.e2e.test_every_page import DESKTOP, PHONE, grave_findings
from customers.models import Customer, Task
from customers.tests.factories import CompanyFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)
OPTIONS = ".choices [role=option]"  # selects of the page have options too


@pytest.fixture
def lampions(transactional_db: None) -> list[Customer]:
    CompanyFactory()
    return [CustomerFactory(name=f"Lampión {number:02}", given_name="", reference=f"L{number}") for number in range(3)]


def test_a_task_is_given_a_customer_by_keyboard_alone(site: Site, lampions: list[Customer]) -> None:
    site.sign_in(roles.MANAGER)
    site.open("task-create")
    page = site.page
    page.get_by_label("Title").fill("Call back")
    field = page.locator("#id_customer")
    field.focus()
    page.keyboard.type("lampion")
    expect(page.locator(OPTIONS)).to_have_count(3)
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    marked = page.locator(".choices [aria-selected=true]")
    expect(marked).to_contain_text("Lampión 01")
    assert field.get_attribute("aria-activedescendant") == marked.get_attribute("id")
    page.keyboard.press("Escape")
    expect(page.locator(".choices")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".choices")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(field).to_have_value("Lampión 02 (L2)")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Call back")
    assert Task.objects.get().customer == lampions[2]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_choices_are_accessible_and_one_is_taken_by_the_pointer(
    site: Site, lampions: list[Customer], size: dict[str, int]
) -> None:
    site.page.set_viewport_size(size)  # type: ignore[arg-type]
    site.sign_in(roles.MANAGER)
    site.open("opportunity-create")
    page = site.page
    page.locator("#id_customer").fill("L1")
    expect(page.locator(OPTIONS)).to_have_count(1)
    assert grave_findings(site) == []
    page.locator(OPTIONS).click()
    expect(page.locator("#id_customer")).to_have_value("Lampión 01 (L1)")
    expect(page.locator("#id_customer")).to_be_focused()
    page.locator("#id_customer").fill("nobody at all")
    expect(page.get_by_text("Nobody whom you may see is called so.")).to_be_visible()
