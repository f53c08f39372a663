"""The page of recency, frequency and value: everybody in one cell, each cell with its customers."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from customers.models import Run, Scorecard
from customers.permissions import EXPORT
from customers.tests.factories import CompanyFactory, CustomerFactory, user_with
from profitability.permissions import SEE_VALUE
from profitability.reports.rfm import CLASSES, PARTS, Cell
from profitability.tests.published import publish
from profitability.tests.shop import bought, recomputed

pytestmark = pytest.mark.django_db

URL = "/rfm/"


@pytest.fixture
def manager() -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(SEE_VALUE, EXPORT, "customers.view_customer", "customers.view_scorecard"))
    return client


def classed(*codes: int) -> Run:
    """A run whose customers have these classes, each 10 worth more profit than the one before."""
    run = publish(*(10 * place for place in range(len(codes), 0, -1)))
    cards = Scorecard.objects.in_run(run).order_by("place")
    for place, (card, code) in enumerate(zip(cards, codes, strict=True)):
        cards.filter(customer_id=card.customer_id).update(
            rfm=code, churn_risk=0.2 * place, last_order_on=dt.date(2026, 6, 30 - place), orders=9 - place
        )
    return run


def combination(recency: int, frequency: int) -> Cell:
    nothing = Decimal(0)
    day = dt.date(2026, 1, 1)
    return Cell(recency, frequency, 3, 1, nothing, nothing, 0.5, (1, 1), (nothing, nothing), (day, day))


def test_the_parts_are_the_whole_grid_each_combination_once() -> None:
    for recency in CLASSES:
        for frequency in CLASSES:
            assert sum(part.holds(combination(recency, frequency)) for part in PARTS) == 1


def test_the_grid_counts_and_opens_the_customers_of_each_cell(manager: Client) -> None:
    classed(555, 554, 112)
    rows = manager.get(URL).context["grid"].rows
    best = rows[0].cells[0]
    assert (best.text, best.note, best.shade) == ("2", "profit €50", 4)
    assert best.url == "/customers/?where=recency:is:5;frequency:is:5"
    assert (rows[4].cells[4].text, rows[4].cells[0].text) == ("1", "")


def test_each_part_is_added_up_with_its_advice(manager: Client) -> None:
    classed(555, 554, 112)
    rows = [[cell.text for cell in row.cells] for row in manager.get(URL).context["parts"].rows]
    assert rows[0] == ["Frequent and lately", "2", "66.7%", "€50", "€20", "10%"]
    assert rows[5][:2] == ["Rare and silent", "1"]
    assert rows[1][1:3] == ["0", "0.0%"]


def test_classes_are_told_by_their_figures(manager: Client) -> None:
    classed(555, 554, 112)
    rows = [[cell.text for cell in row.cells] for row in manager.get(URL).context["classes"].rows]
    assert rows[0] == ["5", "29 Jun 2026 to 30 Jun 2026", "8 to 9", "€100.00"]
    assert rows[2] == ["3", "nobody", "nobody", "nobody"]


def test_frequency_counts_orders_as_the_page_says(manager: Client) -> None:
    # Ada's two orders of one day are two: hers is the middle of the upper half of customers, Bob's of the lower.
    ada, bob = CustomerFactory(), CustomerFactory()
    day = dt.date(2026, 6, 1)
    for buyer in (ada, ada, bob):
        bought(buyer, day, {"unit_price": 20})
    run = recomputed()
    frequency = {card.customer_id: (card.rfm or 0) // 10 % 10 for card in Scorecard.objects.filter(run=run)}
    assert frequency == {ada.pk: 4, bob.pk: 2}
    hints = [column.hint for column in manager.get(URL).context["classes"].columns]
    assert "Frequency: several orders of one day are as many orders." in hints


def test_a_link_of_a_part_lists_exactly_its_customers(manager: Client) -> None:
    run = classed(555, 554, 112)
    manager.get(URL)
    listed = manager.get(PARTS[0].url).context["table"].rows
    assert len(listed) == Scorecard.objects.in_run(run).filter(rfm__gte=440).count() == 2


def test_all_combinations_come_as_a_file(manager: Client) -> None:
    classed(555, 554, 112)
    lines = b"".join(manager.get(f"{URL}?format=csv").streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 4
    assert lines[1].startswith("5,5,5,1,")


def test_before_a_recompute_there_are_no_classes(manager: Client) -> None:
    assert "There are no classes yet" in manager.get(URL).content.decode()
    assert manager.get(f"{URL}?format=csv").status_code == 404
