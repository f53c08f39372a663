"""The matrix of a shop worked out by hand, and its pages."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Count
from django.test import Client
from django.urls import reverse

from crm_site.lib.jobs.models import Job
from crm_site.lib.remembered import Forgettable
from customers.models import Order, ProductFamily, Run
from customers.tests.factories import OrderLineFactory, SegmentFactory, UserFactory, user_with
from profitability import matrix_actions
from profitability.matrix import Amounts, Matrix
from profitability.matrix_actions import compute_matrix, matrix_for
from profitability.matrix_totals import ANONYMOUS_ROW, COMPANY_ROW, MatrixTotals
from profitability.models import ProductMatrix, RunAnswer
from profitability.tests.published import publish
from profitability.tests.shop import recomputed
from profitability.tests.shop_of_families import ShopOfFamilies
from profitability.totals import RunTotals

pytestmark = pytest.mark.django_db

CENT = Decimal("0.01")  # so that a column adds up, a third of a cent may be rounded up


@pytest.fixture
def manager(client: Client) -> Client:
    rights = ("profitability.view_profitability", "customers.view_customer", "customers.see_all_customers")
    client.force_login(user_with(*rights, "customers.export_customer", "customers.view_segment"))
    return client


def computed(rows: str = "category", columns: str = "family") -> Matrix:
    """The matrix of the current run."""
    run = Run.objects.current()
    stored = matrix_for(run=run)
    found = MatrixTotals.from_json(stored.totals).of(rows, columns)
    assert found is not None
    return found


def profits(found: Matrix, family: ProductFamily) -> dict[str, Decimal]:
    """What each row earns on a family, in whole money."""
    at = found.columns.index(str(family.pk))
    return {row.key: Decimal(row.cells[at].profit).scaleb(-2) for row in (*found.rows, found.total)}


def test_cells_are_what_can_be_worked_out_on_paper() -> None:
    """In May two orders cost 12, so 6 each; in June three cost 10 (Ada's, Bob's, the anonymous one), so 3.33."""
    shop = ShopOfFamilies()
    recomputed()
    found = computed("stage")
    # Ada: 100 - 10 off for 60, order 6, less 50 - 5 given back of 30, and 40 of unknown cost, half of it, order 3.33.
    pens = (90 - 60 - 6) - (45 - 30) + (40 - 20) - Decimal("3.33")
    # Ada 20 - 12 - 6, Bob 10 - 8 - 3.33.
    paper = (20 - 12 - 6) + (10 - 8) - Decimal("3.33")
    assert abs(profits(found, shop.pens)["customer"] - pens) <= CENT
    assert abs(profits(found, shop.paper)["customer"] - paper) <= CENT
    assert abs(profits(found, shop.pens)[ANONYMOUS_ROW] - (30 - 18 - Decimal("3.33"))) <= CENT


def test_rows_and_columns_come_to_the_account_of_the_run_to_the_cent() -> None:
    ShopOfFamilies()
    run = recomputed()
    totals = RunTotals.from_json(run.totals)
    profit = totals.statement.profit + totals.prospects_statement.profit
    costs = totals.reconciliation
    uncharged = costs.entered - costs.charged - costs.charged_anonymous
    matrices = MatrixTotals.from_json(matrix_for(run=run).totals).matrices
    added_up = [found for found in matrices.values() if not found.overlapping]
    assert len(added_up) == 14
    for found in added_up:
        for at, total in enumerate(found.total.cells):
            assert sum((row.cells[at] for row in found.rows), Amounts()) == total
        assert sum((row.total for row in found.rows), Amounts()) == found.total.total
        customers = [row for row in found.rows if row.key not in (ANONYMOUS_ROW, COMPANY_ROW)]
        assert sum(row.total.profit for row in customers) == int(profit * 100)
        assert found.row(COMPANY_ROW).total.profit == -int(uncharged * 100)


def test_products_earn_the_same_by_whatever_customers_are_grouped() -> None:
    ShopOfFamilies()
    recomputed()
    stored = MatrixTotals.from_json(matrix_for(run=Run.objects.current()).totals)
    totals = {stored.of(rows, "family").total.cells for rows in ("category", "stage", "kind", "town", "segment")}
    assert len(totals) == 1


def test_what_no_order_line_causes_belongs_to_no_product() -> None:
    """Bob's rebate of 1 and what it cost to win him, 4; Ada's delivery of 5 and fee of 3; all calls."""
    ShopOfFamilies()
    recomputed()
    whole = computed("category").total.no_product
    assert whole.direct_costs == 400
    assert whole.net_revenue == (5 + 3 - 1) * 100
    assert whole.cost_to_serve > 0


def test_a_segment_is_added_up_by_itself_and_the_last_row_is_everybody() -> None:
    shop = ShopOfFamilies()
    segment = SegmentFactory(owner=UserFactory(), kind="static", query="")
    segment.members.set([shop.bob])
    recomputed()
    found = computed("segment")
    (row,) = found.rows
    assert (row.key, row.customers) == (str(segment.pk), 1)
    assert row.total.net_revenue == 900
    assert found.overlapping
    assert found.total.total == computed("category").total.total


def test_a_change_of_orders_after_the_recompute_is_said(manager: Client) -> None:
    ShopOfFamilies()
    recomputed()
    order = Order.objects.exclude(customer=None).first()
    OrderLineFactory(order=order, quantity=1, unit_price=99)
    assert "Orders changed after these figures" in manager.get(reverse("matrix")).content.decode()


def test_many_order_lines_are_added_up_in_the_background(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    run = publish(500, -100)
    monkeypatch.setattr(matrix_actions, "AT_ONCE", -2)
    first, again = (manager.get(reverse("matrix")) for _ in range(2))
    assert "added up by customer and product once" in first.content.decode()
    assert again.status_code == 200
    assert Job.objects.filter(kind="matrix", params={"run": run.pk}).count() == 1


def test_computing_it_again_changes_nothing() -> None:
    ShopOfFamilies()
    run = recomputed()
    before = matrix_for(run=run)
    again = compute_matrix(run_id=run.pk)
    assert (again.totals, again.computed_at) == (before.totals, before.computed_at)
    assert ProductMatrix.objects.count() == 1


def test_the_page_shows_signs_and_figures_and_says_what_stands_out(manager: Client) -> None:
    ShopOfFamilies()
    recomputed()
    page = manager.get(reverse("matrix")).content.decode()
    assert "Pens" in page
    assert "No product" in page
    assert "matrix-mark" in page
    assert "Most is earned with" in page


@pytest.mark.parametrize("rows", ["segment", "owner", "customers"])
def test_the_page_asks_a_constant_number_of_queries(
    manager: Client, rows: str, django_assert_max_num_queries: Any
) -> None:
    ShopOfFamilies()
    recomputed()
    address = f"{reverse('matrix')}?rows={rows}&columns=product"
    manager.get(address)
    with django_assert_max_num_queries(18):
        assert manager.get(address).status_code == 200


def test_customers_one_by_one_come_to_the_group_that_they_are_of(manager: Client) -> None:
    shop = ShopOfFamilies()
    recomputed()
    address = f"{reverse('matrix')}?rows=customers&columns=family&of_rows=stage&of=customer&format=csv"
    text = b"".join(manager.get(address).streaming_content).decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    figures = {row[0]: [Decimal(cell) for cell in row[1:]] for row in rows}
    assert {shop.ada.full_name, shop.bob.full_name} <= set(figures)
    for at in range(len(head) - 1):
        assert sum(cells[at] for name, cells in figures.items() if name != "Together") == figures["Together"][at]
    group = computed("stage").row("customer")
    assert figures["Together"][-1] == Decimal(group.total.profit).scaleb(-2)


def test_what_frequent_customers_bought_is_kept_with_the_run_as_their_lines_say_it(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ShopOfFamilies()
    recomputed()
    drawn = []
    for many in (1, 3, 1_000):
        ProductMatrix.objects.all().delete()
        RunAnswer.objects.all().delete()
        Forgettable.forget_everything()
        monkeypatch.setattr(matrix_actions, "MANY_ORDERS", many)
        asked = (f"/matrix/?rows=customers&columns={columns}" for columns in ("family", "product"))
        drawn.append([manager.get(address).context["body"] for address in asked])
        kept = set(RunAnswer.objects.values_list("question", flat=True))
        orders = Order.objects.exclude(customer=None).values_list("customer").annotate(n=Count("pk"))
        assert kept == {f"bought by {customer}" for customer, n in orders if n >= many}
    assert drawn[0] == drawn[1] == drawn[2]


def test_a_cell_tells_its_account_and_lists_its_latest_orders(manager: Client) -> None:
    shop = ShopOfFamilies()
    recomputed()
    address = f"{reverse('matrix-cell')}?rows=stage&columns=family&row=customer&column={shop.paper.pk}"
    page = manager.get(address).content.decode()
    assert "Average margin of all products" in page
    numbers = Order.objects.filter(lines__product__family=shop.paper).values_list("number", flat=True)
    assert all(number in page for number in numbers)


def test_the_cell_of_a_customer_lists_only_his_own_lines(manager: Client) -> None:
    shop = ShopOfFamilies()
    recomputed()
    address = f"{reverse('matrix-cell')}?rows=customers&columns=family&row={shop.bob.pk}&column={shop.paper.pk}"
    page = manager.get(address).content.decode()
    assert shop.bob.orders.get().number in page
    assert shop.ada.orders.first().number not in page


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("rows=colour", id="unknown rows"),
        pytest.param("columns=colour", id="unknown columns"),
        pytest.param("rows=customers&of_rows=category&of=9", id="unknown group"),
        pytest.param("rows=customers&of_rows=customers", id="customers of customers"),
    ],
)
def test_a_matrix_that_there_is_not_is_not_found(manager: Client, query: str) -> None:
    ShopOfFamilies()
    recomputed()
    assert manager.get(f"{reverse('matrix')}?{query}").status_code == 404


@pytest.mark.parametrize("query", ["row=x", "row=customer&column=999999", "row=customer&column=abc"])
def test_a_cell_that_there_is_not_is_not_found(manager: Client, query: str) -> None:
    ShopOfFamilies()
    recomputed()
    assert manager.get(f"{reverse('matrix-cell')}?rows=stage&columns=family&{query}").status_code == 404


def test_only_who_may_export_downloads_it(client: Client) -> None:
    ShopOfFamilies()
    recomputed()
    client.force_login(user_with("profitability.view_profitability"))
    assert client.get(f"{reverse('matrix')}?format=xlsx").status_code == 403
