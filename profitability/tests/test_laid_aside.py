"""What a full run lays aside comes back as it was, of everybody or of some customers."""

import numpy as np
import pytest

from customers.models import Customer, Scorecard
from profitability.models import CustomerMonth
from profitability.models.figures import ANONYMOUS
from profitability.recompute.laid_aside import (
    Former,
    Layout,
    Packed,
    basis_of,
    packed,
    parts_to_take_up,
    taken_up,
)
from profitability.recompute.months import month_date
from profitability.tests.portfolio import a_portfolio
from profitability.tests.shop import recomputed

FIGURES = ("orders", "net_revenue", "profit")

pytestmark = pytest.mark.django_db


def laid_aside_by(run_id: int) -> Former:
    slices = basis_of(run_id)["slices"]
    assert slices == 3
    return taken_up([reading() for reading in parts_to_take_up(run_id, slices)], slices)


def test_columns_come_back_as_they_were_laid_aside() -> None:
    columns = {
        "small": np.array([0, -128, 127]),
        "large": np.array([2**40, -1, 5]),
        "sparse": np.where(np.arange(100) == 17, 70_000, 0),
        "none": np.empty(0, np.int64),
    }
    found = Packed(packed(columns))
    assert {name: values.tolist() for name, values in found.items()} == {
        name: values.tolist() for name, values in columns.items()
    }
    assert len(packed(columns)) < 300


def test_rows_come_back_as_they_were_laid_aside() -> None:
    columns = {
        "month": np.array([24_300, 24_301, 24_300]),
        "gross": np.array([2**40, -1, 0]),
        "q_whole": np.array([1000, 2000, 300_000]),
        "q_part": np.array([1500, 0, 7]),
    }
    layout, packed_rows = Layout.of(columns)
    layout = Layout.from_json(layout.as_json())
    found = layout.columns(layout.unpacked(packed_rows), list(columns))
    assert {name: values.tolist() for name, values in found.items()} == {
        name: values.tolist() for name, values in columns.items()
    }
    assert len(packed_rows) == 3 * (2 + 8 + 2 + 2)


@pytest.mark.parametrize("some", [[], [1], [0, 2, 3], list(range(12))])
def test_months_of_some_customers_are_found_among_all(some: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profitability.recompute.records.SLICE", 5)
    a_portfolio(12)
    run = recomputed()
    former = laid_aside_by(run.pk)
    customers = np.array(sorted(Customer.objects.values_list("pk", flat=True)))[some]
    found = former.months_of(customers, [])
    expected = (
        CustomerMonth.objects.filter(run_id=run.pk, customer_id__in=customers.tolist())
        .order_by("customer_id", "month")
        .values_list("customer_id", "month", "gross", "orders")
    )
    assert [
        (customer, month_date(month), gross, orders)
        for customer, month, gross, orders in zip(
            *(found[name].tolist() for name in ("place", "month", "gross", "orders")), strict=True
        )
    ] == [(customer, month, int(gross * 100), orders) for customer, month, gross, orders in expected]


@pytest.mark.parametrize("part", [0, 1], ids=["everybody's rows are read", "rows are sought"])
@pytest.mark.parametrize("some", [[], [1], [0, 2, 3], list(range(12))])
def test_accounts_of_some_customers_are_found_among_all(
    some: list[int], part: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profitability.recompute.records.SLICE", 5)
    monkeypatch.setattr("profitability.recompute.laid_aside.MOST_SOUGHT", part)
    a_portfolio(12)
    run = recomputed()
    former = laid_aside_by(run.pk)
    customers = sorted(Customer.objects.values_list("pk", flat=True))
    assert former.columns["customer"].tolist() == customers
    sought = [customers[place] for place in some]
    found = former.accounts_of(np.array([ANONYMOUS, *sought]))
    assert found.customer.tolist() == [ANONYMOUS, *sought]
    cards = Scorecard.objects.in_run(run).filter(customer_id__in=sought).order_by("customer_id")
    cents = [(orders, int(net * 100), int(profit * 100)) for orders, net, profit in cards.values_list(*FIGURES)]
    columns = (found.sums["orders"], found.net_revenue, found.profit)
    assert list(zip(*(values[1:].tolist() for values in columns), strict=True)) == cents
