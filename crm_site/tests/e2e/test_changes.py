"""What changed on a file, and two people at one form, in a real browser."""

import pytest
from playwright.sync_api import Browser, expect

from crm_site import roles
from crm_site.lib.trail.models import Change
from crm_site.tests.e2e.conftest import Site
from crm_site.tests.e2e.test_every_page import PHONE, grave_findings
from customers.models import Customer
from customers.tests.factories import CompanyFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(transactional_db: None) -> Customer:
    CompanyFactory()
    return CustomerFactory(name="Lampion", given_name="", city="Lille", phone="1")


def test_the_file_brings_its_changes_and_older_ones_on_demand(site: Site, customer: Customer) -> None:
    for number in range(14):
        Customer.objects.filter(pk=customer.pk).update(city=f"Town {number}")
    site.sign_in(roles.MANAGER)
    site.open("customer", customer.pk)
    changes = site.page.locator("#changes .change")
    expect(changes.first).to_contain_text("became Town 13")
    expect(changes).to_have_count(10)
    site.settled()
    site.page.get_by_role("link", name="Older changes").click()
    expect(changes).to_have_count(15)
    assert grave_findings(site) == []
    site.page.set_viewport_size(PHONE)
    assert site.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_changes_are_read_without_scripts(site: Site, customer: Customer, browser: Browser) -> None:
    site.sign_in(roles.MANAGER)
    context = browser.new_context(java_script_enabled=False, storage_state=site.page.context.storage_state())
    plain = context.new_page()
    plain.goto(site.url + customer.get_absolute_url())
    plain.get_by_role("link", name="Changes", exact=True).last.click()
    expect(plain.locator("#changes .change").first).to_contain_text("Added")
    context.close()


def test_the_second_of_two_people_keeps_what_was_typed_and_saves_again(site: Site, customer: Customer) -> None:
    site.sign_in(roles.MANAGER)
    site.open("customer-edit", customer.pk)
    site.page.get_by_label("Phone").fill("222")
    Customer.objects.filter(pk=customer.pk).update(city="Paris")
    site.page.get_by_role("button", name="Save").click()
    expect(site.page.locator("form.form-card")).to_contain_text("Town: Lille → Paris")
    expect(site.page.get_by_label("Town")).to_have_value("Paris")
    expect(site.page.get_by_label("Phone")).to_have_value("222")
    site.settled()
    site.page.get_by_role("button", name="Save").click()
    expect(site.page.locator("#messages")).to_contain_text("were saved")
    customer.refresh_from_db()
    assert (customer.city, customer.phone) == ("Paris", "222")
    assert Change.objects.filter(fields__phone=["1", "222"]).exists()
