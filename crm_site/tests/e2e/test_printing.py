"""Drawings on paper: complete when the printer takes the page, and no wider or higher than their card."""

import pytest

from crm_site import roles
from crm_site.tests.e2e.conftest import AS_OF, Site
from customers.models import Customer
from profitability.tests.shop import recomputed

pytestmark = pytest.mark.django_db(transaction=True)

# What stands in the drawings at the very moment the browser asks to print, before any further frame is drawn.
AT_PRINTING = """() => {
    dispatchEvent(new Event("beforeprint"));
    return [...document.querySelectorAll("[data-chart] svg")].map((svg) => [
        svg.getAttribute("viewBox") !== null, svg.querySelectorAll("path, text").length,
    ]);
}"""
INSIDE = """() => [...document.querySelectorAll("[data-chart] svg")].map((svg) => {
    const drawing = svg.getBoundingClientRect(), card = svg.closest(".card").getBoundingClientRect();
    return drawing.height > 0 && drawing.right <= card.right && drawing.bottom <= card.bottom;
})"""


def test_charts_are_whole_on_paper(site: Site, company: list[Customer]) -> None:
    page = site.page
    recomputed(AS_OF)
    site.sign_in(roles.MANAGER)
    site.open("ranking-sizes")
    page.wait_for_timeout(600)
    drawn = page.evaluate(AT_PRINTING)
    assert len(drawn) == 2
    assert all(stretches and shapes > 10 for stretches, shapes in drawn), drawn
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 960})
    assert page.evaluate(INSIDE) == [True, True]
