"""A manager asks what would change if: from a cell of the matrix to scenarios that are kept and compared."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from crm_site import roles
from crm_site.tests.e2e.conftest import Site
from customers.models import Customer
from profitability.models import Scenario

pytestmark = pytest.mark.django_db(transaction=True)


def grave(site: Site) -> list[str]:
    """What the accessibility checker holds for serious on the open page."""
    found = Axe().run(site.page).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


def test_from_a_cell_of_the_matrix_to_scenarios_compared(site: Site, company: list[Customer]) -> None:
    page = site.page
    site.sign_in(roles.MANAGER)
    site.open("matrix")
    site.settled()
    assert grave(site) == []
    page.get_by_label("Rows").select_option("kind")
    expect(page.get_by_role("rowheader", name="Person")).to_be_visible()
    page.get_by_role("row", name="Person").locator(".matrix-cell a").first.click()
    page.get_by_role("link", name="Raise the price").click()

    expect(page.get_by_label("Customers", exact=True)).to_have_value("kind:person")
    page.get_by_label("Price change").fill("10")
    page.get_by_label("Price elasticity").fill("0")
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_text("The company would keep", exact=False)).to_be_visible()
    expect(page.get_by_text("Price elasticity: 0", exact=False)).to_be_visible()
    assert grave(site) == []

    page.get_by_text("Add a lever").click()
    page.get_by_role("link", name="Let customers go").click()
    page.get_by_label("Customers let go").fill("50")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator(".lever-list > li")).to_have_count(2)
    page.get_by_label("Name").fill("Dearer and fewer")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("was saved", exact=False)).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("heading", name="Copy of Dearer and fewer")).to_be_visible()

    site.open("scenarios")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare those ticked").click()
    expect(page.get_by_text("What the company keeps")).to_be_visible()
    assert grave(site) == []
    assert Scenario.objects.count() == 2
