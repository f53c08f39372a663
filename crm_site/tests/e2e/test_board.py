"""The board of opportunities and the ticking off of tasks, by mouse, by keyboard and without scripts."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, ViewportSize, expect

from crm_site import roles
from crm_site.lib.accounts.models import User
from crm_site.tests.e2e.conftest import Site
from crm_site.tests.e2e.test_every_page import DESKTOP, PHONE, grave_findings
from customers.models import Opportunity, OpportunityStage
from customers.tests.factories import CompanyFactory, OpportunityFactory, OpportunityStageFactory, TaskFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def card(transactional_db: None) -> Opportunity:
    """A card under Lead, beside Proposal and Lost."""
    CompanyFactory()
    OpportunityStage.objects.all().delete()
    stages = [OpportunityStageFactory(name=name) for name in ("Lead", "Proposal")]
    OpportunityStageFactory(name="Lost", outcome=OpportunityStage.Outcome.LOST)
    return OpportunityFactory(title="Fleet", stage=stages[0])


def seller() -> User:
    """Who signs in for sales."""
    return User.objects.get(username=roles.SALES.demo_login)


def test_a_card_is_dragged_into_another_column(site: Site, card: Opportunity) -> None:
    site.sign_in(roles.SALES)
    site.open("opportunities")
    proposal = site.page.get_by_role("region", name="Proposal")
    site.page.locator(".board-card-facts").drag_to(proposal.locator("[data-board]"))
    expect(site.page.locator("#messages")).to_contain_text("now stands under Proposal")
    expect(proposal).to_contain_text("Fleet")


def test_a_card_from_the_end_of_a_long_column_is_dropped_straight_beside(site: Site, card: Opportunity) -> None:
    for number in range(9):
        OpportunityFactory(title=f"Van {number}", stage=card.stage, expected_value=100_000 + number)
    site.sign_in(roles.SALES)
    site.open("opportunities")
    site.settled()
    fleet = site.page.locator(".board-card", has_text="Fleet").locator(".board-card-facts")
    fleet.hover()
    start = fleet.bounding_box()
    beside = site.page.get_by_role("region", name="Proposal").bounding_box()
    assert start
    assert beside
    height = start["y"] + start["height"] / 2
    site.page.mouse.down()
    site.page.mouse.move(start["x"] + 30, height + 4, steps=3)
    site.page.mouse.move(beside["x"] + 60, height, steps=8)
    site.page.wait_for_timeout(300)
    site.page.mouse.up()
    expect(site.page.locator("#messages")).to_contain_text("now stands under Proposal")


def test_a_card_is_lost_by_keyboard_and_the_reason_is_asked_for(site: Site, card: Opportunity) -> None:
    site.sign_in(roles.SALES)
    site.open("opportunities")
    site.page.get_by_label("Move “Fleet”").focus()
    site.page.keyboard.press("Enter")
    site.page.get_by_role("button", name="Lost").focus()
    site.page.keyboard.press("Enter")
    site.page.get_by_label("Reason of loss").select_option("long_term_cost")
    site.page.get_by_role("button", name="Move", exact=True).press("Enter")
    expect(site.page.get_by_role("region", name="Lost")).to_contain_text("long-term cost")


def test_a_card_is_moved_without_scripts(site: Site, card: Opportunity, browser: Browser) -> None:
    site.sign_in(roles.SALES)
    context = browser.new_context(java_script_enabled=False, storage_state=site.page.context.storage_state())
    plain = context.new_page()
    plain.goto(site.url + "/opportunities/")
    plain.locator(".board-move").click()
    plain.get_by_role("button", name="Proposal").click()
    assert "now stands under Proposal" in plain.content()
    context.close()


def test_a_task_is_ticked_off_on_the_page_of_the_day(site: Site) -> None:
    CompanyFactory()
    site.sign_in(roles.SALES)
    task = TaskFactory(title="Call", owner=seller(), due_on=timezone.localdate() - dt.timedelta(days=1))
    site.open("today")
    site.page.get_by_role("button", name="“Call” is done").click()
    expect(site.page.locator("#messages")).to_contain_text("“Call” is done.")
    task.refresh_from_db()
    assert task.done_at is not None


@pytest.mark.parametrize(("theme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light desktop", "dark phone"])
def test_the_daily_pages_are_accessible_and_fit_the_screen(
    site: Site, card: Opportunity, theme: str, size: ViewportSize
) -> None:
    site.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    site.page.set_viewport_size(size)
    site.sign_in(roles.SALES)
    TaskFactory(owner=seller(), due_on=timezone.localdate())
    for name in ("opportunities", "opportunity-list", "opportunity-create", "today", "tasks", "task-calendar"):
        site.open(name)
        assert grave_findings(site) == [], name
        assert not site.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), name
