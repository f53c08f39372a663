"""Putting a filter together with the keyboard, seeing it in words, and keeping it as a segment, in a real browser."""

from playwright.sync_api import Locator, Page, Route, expect

from crm_site import roles
from crm_site.tests.e2e.conftest import Site
from crm_site.tests.e2e.test_every_page import grave_findings
from customers.models import Segment
from customers.tests.factories import CompanyFactory, CustomerFactory, RunFactory, ScorecardFactory


def add_condition(page: Page, field: str, name: str) -> Locator:
    """The row of a new condition on this field, where one goes on writing."""
    page.get_by_label("Field of the next condition").select_option(field)
    page.get_by_role("button", name="Add a condition").click()
    row = page.get_by_role("group", name=name)
    expect(row.get_by_label("Comparison")).to_be_focused()
    return row


def test_a_manager_puts_conditions_together_and_keeps_them_as_a_segment(site: Site) -> None:
    CompanyFactory()
    run = RunFactory()
    for name, city, profit in (("Aubert", "Lyon", -5), ("Berger", "Metz", -5), ("Colin", "Lyon", 5)):
        ScorecardFactory(run=run, customer=CustomerFactory(name=name, given_name="", city=city), profit=profit)
    site.sign_in(roles.MANAGER)
    site.open("customers")
    page = site.page
    site.settled()
    page.get_by_role("link", name="Advanced filter").click()
    expect(page.get_by_role("heading", name="Advanced filter")).to_be_visible()
    site.settled()

    profit_row = add_condition(page, "profit", "Profit")
    profit_row.get_by_label("Comparison").select_option("between")
    expect(profit_row.get_by_label("Second value")).to_be_visible()
    profit_row.get_by_label("Value", exact=True).fill("-1,000")
    profit_row.get_by_label("Second value").fill("0")
    profit_row.get_by_label("Second value").press("Tab")
    expect(page.get_by_role("status").filter(has_text="2 customers match.")).to_be_visible()

    town_row = add_condition(page, "city", "Town")
    assert grave_findings(site) == []
    town_row.get_by_label("Value").fill("lyon")
    # Enter asks for the filter; it presses none of the buttons that take rows away.
    town_row.get_by_label("Value").press("Enter")
    page.wait_for_url("**where=profit:between:-1000,0;city:is:lyon**")
    chips = page.get_by_label("Filters in force")
    expect(chips).to_contain_text("Profit between -€1,000 and €0")
    expect(page.get_by_role("link", name="Aubert")).to_be_visible()
    expect(page.get_by_role("link", name="Berger")).to_have_count(0)

    site.settled()
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("link", name="Make these customers a segment").click()
    page.get_by_label("Name").first.fill("Losing in Lyon")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Change the filters").click()
    expect(page.get_by_role("group", name="Town")).to_be_visible()
    site.settled()
    page.get_by_role("button", name="Remove the condition on Town").click()
    expect(page.get_by_role("group", name="Town")).to_have_count(0)
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("were changed.")).to_be_visible()
    assert Segment.objects.get().query == "where=profit:between:-1000,0"


def test_a_button_pressed_straight_from_an_input_is_not_undone_by_a_late_answer(site: Site) -> None:
    CompanyFactory()
    site.sign_in(roles.SALES)
    site.open("customer-filter")
    page = site.page
    site.settled()
    page.get_by_label("Field of the next condition").select_option("city")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("group", name="Town").get_by_label("Value").fill("Lyon")
    asked: list[str] = []

    def the_first_comes_last(route: Route) -> None:
        asked.append(route.request.method)
        if len(asked) == 1:
            page.wait_for_timeout(600)
        route.continue_()

    page.route("**/customers/filter/**", the_first_comes_last)
    # Leaves the input, which asks for the rows once more, and asks for another group.
    page.get_by_role("button", name="Add a group").click()
    page.wait_for_timeout(1200)
    assert asked == ["POST", "POST"]
    expect(page.get_by_role("group", name="Group 2")).to_be_visible()
    expect(page.get_by_role("group", name="Town").get_by_label("Value")).to_have_value("Lyon")
