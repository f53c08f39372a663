"""What people do with Compagnon all day, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from crm_site import roles
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from crm_site.tests.e2e.conftest import Site
from customers.contacting.consent import unsubscribe_token
from customers.models import Consent, Customer, Order
from customers.tests.factories import PurposeFactory

pytestmark = pytest.mark.django_db(transaction=True)

ORDERS = """Client;Date;Quantité;Prix
C-1;2026-05-04;2;12,50
C-2;2026-05-05;1;99,00
C-2;2026-15-05;1;99,00
"""


def test_a_manager_reads_who_earns_the_money_and_opens_the_best_customer(site: Site, company: list[Customer]) -> None:
    site.sign_in(roles.MANAGER)
    expect(site.page.get_by_text("The best 3 of 12 customers make", exact=False).first).to_be_visible()
    expect(site.page.locator("svg path").first).to_be_visible()
    site.page.get_by_role("link", name=company[0].full_name).first.click()
    expect(site.page.get_by_role("heading", level=1)).to_contain_text(company[0].full_name)
    expect(site.page.get_by_text("1 of 12", exact=False).first).to_be_visible()


def test_sales_finds_a_customer_by_a_few_letters_and_notes_a_call(site: Site, company: list[Customer]) -> None:
    site.sign_in(roles.SALES)
    site.page.keyboard.press("/")
    site.page.keyboard.type("lampion 07")
    site.page.keyboard.press("Enter")
    site.page.get_by_role("link", name="Lampion 07").first.click()
    expect(site.page.get_by_role("heading", level=1)).to_contain_text("Lampion 07")
    site.open("moment-create", company[7].pk)
    site.page.get_by_label("Summary").fill("Asked for a second lamp")
    site.page.locator("main form button[type=submit]").click()
    expect(site.page.get_by_text("Asked for a second lamp").first).to_be_visible()


def answer_late(route: Route) -> None:
    route.request.frame.page.wait_for_timeout(400)
    route.continue_()


@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("c", "12 min sent the new prices", "sent the new prices"),
        ("n", "men and women, evenings", "men and women, evenings"),
    ],
)
def test_what_is_typed_straight_after_two_keys_becomes_the_summary(
    site: Site, company: list[Customer], key: str, typed: str, kept: str
) -> None:
    site.sign_in(roles.SALES)
    site.open("customer", company[7].pk)
    site.settled()
    # Held back for a moment, as by a slow line: letters that stand for other shortcuts must not be taken for them.
    site.page.route("**/moments/new/**", answer_late)
    site.page.keyboard.press("l")
    site.page.keyboard.press(key)
    site.page.keyboard.type(typed)
    expect(site.page.get_by_label("Summary")).to_have_value(typed)
    site.page.keyboard.press("Control+Enter")
    expect(site.page.locator("#moments").get_by_text(kept, exact=True)).to_be_visible()


def test_a_manager_imports_a_file_and_sees_what_became_of_every_row(
    site: Site, company: list[Customer], tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS, encoding="utf-8")
    site.sign_in(roles.MANAGER)
    site.open("import-new")
    site.page.set_input_files("input[type=file]", file)
    site.page.locator("main form button[type=submit]").click()
    site.page.wait_for_url("**/imports/*/")
    run_job(Job.objects.latest("id").pk)
    expect(site.page.get_by_text("Why rows were rejected")).to_be_visible(timeout=20_000)
    expect(site.page.get_by_text("2026-15-05").first).to_be_visible()
    assert Order.objects.filter(customer__reference__in=["C-1", "C-2"]).count() == 2


def test_a_service_agent_is_not_shown_what_the_role_may_not_see(site: Site, company: list[Customer]) -> None:
    site.sign_in(roles.SERVICE_AGENT)
    expect(site.page.get_by_role("link", name="Customers").first).to_be_visible()
    expect(site.page.get_by_role("link", name="Dashboard")).to_have_count(0)
    site.open("dashboard")
    expect(site.page.get_by_role("heading", level=1)).to_contain_text("You may not see this")


def test_the_language_can_be_changed_and_stays(site: Site, company: list[Customer]) -> None:
    site.open("account_login")
    site.page.get_by_role("button", name="Français").click()
    expect(site.page.locator("html")).to_have_attribute("lang", "fr")
    site.sign_in(roles.MANAGER)
    expect(site.page.get_by_role("heading", level=1)).to_have_text("Tableau de bord")
    expect(site.page.get_by_text("meilleurs clients sur 12", exact=False).first).to_be_visible()


def test_who_unsubscribes_may_change_the_language_before(site: Site, company: list[Customer]) -> None:
    token = unsubscribe_token(customer_id=company[0].pk, purpose_id=PurposeFactory().pk, channel="email")
    site.open("unsubscribe", token)
    site.page.get_by_role("button", name="Français").click()
    expect(site.page.locator("html")).to_have_attribute("lang", "fr")
    assert not Consent.objects.exists()
    site.page.get_by_role("main").get_by_role("button", name="Se désinscrire").click()
    expect(site.page.locator("p[role=status]")).to_be_visible()
    assert Consent.objects.get().given is False


def test_a_list_and_a_file_are_printed_without_what_is_pressed(site: Site, company: list[Customer]) -> None:
    site.sign_in(roles.MANAGER)
    site.open("customers")
    site.settled()
    site.page.emulate_media(media="print")
    title, table = (site.page.locator(name).bounding_box() for name in ("h1", ".table.list"))
    assert title
    assert table
    assert title["y"] + title["height"] < table["y"]
    for pressed in (".bulk-bar", ".row-tick", ".list-totals > a"):
        expect(site.page.locator(pressed).first).to_be_hidden()
    site.open("customer", company[0].pk)
    expect(site.page.locator(".quick-kinds")).to_be_hidden()
    side, main = (site.page.locator(name).bounding_box() for name in (".columns-side", ".columns-main"))
    assert side
    assert main
    assert side["y"] < main["y"]


def test_lists_can_be_read_and_filtered_without_scripts(site: Site, company: list[Customer]) -> None:
    site.sign_in(roles.SALES)
    browser = site.page.context.browser
    assert browser
    plain = browser.new_context(java_script_enabled=False, storage_state=site.page.context.storage_state())
    page = plain.new_page()
    page.goto(f"{site.url}/customers/?q=lampion+03")
    expect(page.get_by_role("link", name="Lampion 03", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Lampion 04", exact=True)).to_have_count(0)
    plain.close()
