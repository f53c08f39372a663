"""Changing many customers at once, and the totals of a list, in a real browser."""

from playwright.sync_api import expect

from crm_site import roles
from crm_site.tests.e2e.conftest import Site
from customers.models import Customer, Tag
from customers.tests.factories import CompanyFactory, CustomerFactory


def test_a_manager_tags_ticked_customers_and_takes_it_back(site: Site) -> None:
    CompanyFactory()
    for name in ("Aubert", "Berger", "Colin"):
        CustomerFactory(name=name, given_name="")
    site.sign_in(roles.MANAGER)
    site.open("customers")
    page = site.page
    page.get_by_label("Select Aubert").check()
    page.get_by_label("Select Colin").check()
    page.get_by_label("What to do").select_option("tag")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("2 customers are selected.")).to_be_visible()
    page.get_by_label("Tag").fill("Fair")
    page.get_by_role("button", name="Do this").click()
    page.get_by_role("button", name="Undo").wait_for()
    assert set(Tag.objects.get().customers.values_list("name", flat=True)) == {"Aubert", "Colin"}
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 customers are as before")).to_be_visible()
    assert not Customer.objects.exclude(tags=None).exists()


def test_totals_come_by_themselves_and_follow_the_filters(site: Site) -> None:
    CompanyFactory()
    CustomerFactory(name="Aubert", given_name="", city="Reims")
    CustomerFactory(name="Berger", given_name="", city="Metz")
    site.sign_in(roles.MANAGER)
    site.open("customers")
    totals = site.page.get_by_label("Totals of the whole list")
    expect(totals).to_contain_text("2")
    site.page.locator(".filter-search input").fill("reims")
    site.page.wait_for_url("**q=reims**")
    expect(totals).to_contain_text("1")
    assert "totals" not in site.page.url
