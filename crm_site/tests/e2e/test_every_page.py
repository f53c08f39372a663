"""Every page that a person reaches from the navigation: accessible, fit for a phone, and true to the policy."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ViewportSize

from crm_site import roles
from crm_site.tests.e2e.conftest import Site
from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = (
    *("dashboard", "ranking", "costing", "runs", "customers", "orders"),
    *("imports", "import-new", "customer-create", "search"),
    *("portfolio", "portfolio-customers", "portfolio-concentration"),
    *("ranking-groups", "ranking-sizes", "ranking-moves", "equity", "matrix", "rfm", "cohorts", "value-models"),
    *("ranking-changes", "scenarios", "costing-reconciliation", "costing-rates", "costing-versions", "run-as-of"),
)
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=900)
GRAVE = {"serious", "critical"}


def grave_findings(site: Site) -> list[str]:
    """What the accessibility checker holds for serious on the open page."""
    found = Axe().run(site.page).response["violations"]
    return [f"{finding['id']}: {finding['nodes'][0]['html'][:120]}" for finding in found if finding["impact"] in GRAVE]


@pytest.mark.parametrize(("theme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light desktop", "dark phone"])
def test_pages_are_accessible_and_fit_the_screen(
    site: Site, company: list[Customer], theme: str, size: ViewportSize
) -> None:
    site.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    site.page.set_viewport_size(size)
    site.sign_in(roles.MANAGER)
    faults: dict[str, object] = {}
    for name in (*PAGES, "customer"):
        site.open(name, *([company[0].pk] if name == "customer" else []))
        findings = grave_findings(site)
        too_wide = site.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        if findings or too_wide:
            faults[name] = findings or "wider than the screen"
    assert faults == {}


def test_the_admin_pages_obey_the_same_policy(site: Site, company: list[Customer]) -> None:
    site.sign_in(roles.ADMIN)
    for path in ("/admin/", "/admin/customers/customer/", f"/admin/customers/customer/{company[0].pk}/change/"):
        assert site.page.goto(site.url + path).status == 200  # type: ignore[union-attr]
