"""The reconciliation of a period, both kinds of rates, and the example of a time equation."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import ContactMoment, Run
from customers.tests.factories import ContactMomentFactory, CustomerFactory, TouchpointFactory
from profitability.models import ActivityRate, CostPoolAmount, RunMonth, RunPoolMonth
from profitability.periods import LIFETIME, month_of
from profitability.permissions import SEE_VALUE
from profitability.reports.balance import PARTS, period_balance
from profitability.reports.rates import compared_rates
from profitability.tables.balance import balance_in_words
from profitability.tests.shop import JUNE, MAY, Shop, current_costing, pool, recomputed
from profitability.tests.workshop import client_with, manager

pytestmark = pytest.mark.django_db

URL = reverse("costing-reconciliation")


@pytest.fixture
def run() -> Run:
    """The shop: 12.00 and 10.00 for the warehouse, 30.00 for the desk's 60 minutes of June, 7.00 at company level."""
    Shop()
    return recomputed()


def texts(table: object) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]  # type: ignore[attr-defined]


def test_every_cost_pool_accounts_for_its_amount_to_the_cent(run: Run) -> None:
    balance = period_balance(run, LIFETIME)
    assert [(one.label, one.entered, one.difference) for one in balance.pools] == [
        ("Desk", Decimal("30.00"), 0),
        ("Rent", Decimal("7.00"), 0),
        ("Warehouse", Decimal("22.00"), 0),
    ]
    assert balance.differences == []
    assert balance.total.entered == Decimal("59.00")
    assert balance.total.company_level == Decimal("7.00")


def test_cost_pools_of_a_month_add_up_to_the_month(run: Run) -> None:
    for month in (MAY, JUNE):
        balance = period_balance(run, month_of(month))
        (whole,) = balance.months
        assert {name: getattr(balance.total, name) for name in PARTS} == {name: getattr(whole, name) for name in PARTS}


def test_the_page_says_that_it_adds_up_and_shows_unused_minutes(run: Run) -> None:
    page = manager().get(URL, {"period": "2026-06"})
    assert "It adds up to the cent." in page.content.decode()
    desk = page.context["pools"].rows[0]
    # Ada 10 + 2 minutes, Cy 8 + 2: 22 of 60.
    assert (desk.cells[0].text, desk.cells[0].note) == ("Desk", "37% of its minutes used")
    assert texts(page.context["pools"])[0] == ["Desk", "€30.00", "€11.00", "€0.00", "€19.00", "€0.00", "€0.00", "Yes"]


def test_the_sentence_names_what_went_to_anonymous_sales(run: Run) -> None:
    assert balance_in_words(period_balance(run, LIFETIME), "EUR") == [
        "Of €59.00 entered, €29.66 went to customers, €3.33 went to anonymous sales, €19.00 was unused capacity and "
        "€7.00 stayed at company level. It adds up to the cent.",
        "Rounding: €0.01, since each customer is charged whole cents for each activity and month.",
    ]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda: RunPoolMonth.objects.filter(month=JUNE, pool__name="Rent").update(entered=8, company_level=8),
            "Rent, Jun 2026: €7.00 stand entered, but €8.00 were computed (€1.00).",
        ),
        (
            lambda: ActivityRate.objects.filter(month=JUNE, activity__name="By orders").update(
                charged=F("charged") - 1, charged_anonymous=F("charged_anonymous") + 1
            ),
            "activities charged customers",
        ),
    ],
)
def test_a_difference_is_named(run: Run, spoil: Callable[[], object], said: str) -> None:
    spoil()
    page = manager().get(URL)
    assert any(said in sentence for sentence in page.context["differences"])
    assert "not every cent of it is accounted for" in page.content.decode()


def test_the_detail_goes_into_files(run: Run) -> None:
    editor = manager()
    lines = b"".join(editor.get(URL, {"period": "2026-06", "format": "csv"})).decode("utf-8-sig").splitlines()  # type: ignore[arg-type]
    assert lines[0].startswith('"Cost pool","Month","Entered","To customers"')
    assert lines[1].startswith('"Desk","2026-06-01",30.00,11.00,0.00,19.00,0.00,0.00,0.00,0.00,22.0,60.0')
    assert len(lines) == 4
    workbook = editor.get(URL, {"format": "xlsx"})
    assert workbook["Content-Disposition"] == 'attachment; filename="reconciliation-all.xlsx"'
    assert client_with(SEE_VALUE).get(URL, {"format": "csv"}).status_code == 403


def test_runs_that_kept_no_cost_pools_say_so(run: Run) -> None:
    RunPoolMonth.objects.all().delete()
    assert "kept no figures by cost pool" in manager().get(URL).content.decode()


def test_before_the_first_run_there_is_nothing_to_reconcile() -> None:
    for name in ("costing-reconciliation", "costing-rates"):
        assert "Nothing was computed yet" in manager().get(reverse(name)).content.decode()


@pytest.mark.parametrize("name", ["costing-reconciliation", "costing-rates"])
def test_the_number_of_queries_does_not_grow_with_months_and_pools(run: Run, name: str) -> None:
    editor, url = manager(), reverse(name)

    def queries() -> int:
        editor.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert editor.get(url).status_code == 200
        return len(captured)

    few = queries()
    (month,) = RunMonth.objects.filter(run=run, month=JUNE)
    for number in range(1, 13):
        month.pk, month.month = None, dt.date(2024, number, 1)
        month.save()
    assert queries() == few


# --- Capacity by month ----------------------------------------------------------------------------------------------


def test_a_month_counts_with_its_own_capacity(run: Run) -> None:
    Run.objects.update(is_current=False)
    shop_costing = current_costing()
    desk = pool(shop_costing, "Desk", {MAY: "30.00", JUNE: "30.00"}, practical_capacity_minutes=60)
    CostPoolAmount.objects.filter(pool=desk, month=JUNE).update(capacity_minutes=20)
    shop_costing.activities.create(
        name="Answering", method="time_driven", resource=desk, equation="minutes_phone + 2 * contacts_phone"
    )
    again = recomputed()
    may, june = RunPoolMonth.objects.filter(pool__run=again).order_by("month")
    assert (may.capacity, may.unused_capacity, may.overload) == (60, Decimal("30.00"), 0)
    # 22 minutes at 1.50: 33.00 charged for 30.00 spent.
    assert (june.capacity, june.used, june.charged, june.overload) == (20, 22, Decimal("33.00"), Decimal("3.00"))
    page = manager().get(URL, {"period": "2026-06"})
    assert page.context["pools"].rows[0].cells[0].note == "110% of its minutes used, overload"
    # Where customers were charged more than was entered, the sentence says what takes them back to it.
    assert page.context["sentences"][0] == (
        "€30.00 was entered: €33.00 went to customers, €0.00 was unused capacity and €0.00 stayed at company level, "
        "less €3.00 of overload. It adds up to the cent."
    )
    assert "Overload: €3.00 was charged" in page.content.decode()


# --- Rates ----------------------------------------------------------------------------------------------------------


def test_both_rates_of_kaplan_and_anderson_stand_side_by_side() -> None:
    """Their quarter at a hundredth: 5,600.00 for 7,000 minutes, 490 orders, 14 enquiries, 25 credit checks."""
    kinds = {name: TouchpointFactory(name=name) for name in ("orders", "enquiries", "checks")}
    counts = {"orders": 490, "enquiries": 14, "checks": 25}
    at = dt.datetime(2026, 6, 10, 9, tzinfo=dt.UTC)
    customer = CustomerFactory()
    one = ContactMomentFactory(customer=customer, touchpoint=kinds["orders"], occurred_at=at)
    fields = {"customer": customer, "occurred_at": at, "direction": one.direction}
    ContactMoment.objects.bulk_create(
        ContactMoment(touchpoint=kinds[name], **fields)
        for name, count in counts.items()
        for _number in range(count - (name == "orders"))
    )
    costing = current_costing()
    team = pool(costing, "Team", {JUNE: "5600.00"}, practical_capacity_minutes=7000)
    for place, (name, each, percent) in enumerate((("orders", 8, 70), ("enquiries", 44, 10), ("checks", 50, 20))):
        costing.activities.create(
            name=name, method="time_driven", resource=team, position=place, estimated_percent=percent,
            equation=f"{each} * contacts_at_{kinds[name].pk}",
        )  # fmt: skip
    found = compared_rates(recomputed(), month_of(JUNE))
    assert [
        (row.quantity, row.time_driven_rate, row.time_driven_cost, row.traditional_rate, row.traditional_cost)
        for row in found.rows
    ] == [
        (490, 6.4, Decimal("3136.00"), 8.0, Decimal("3920.00")),
        (14, 35.2, Decimal("492.80"), 40.0, Decimal("560.00")),
        (25, 40.0, Decimal("1000.00"), 44.8, Decimal("1120.00")),
    ]
    assert (found.time_driven, found.unused, found.traditional) == (
        Decimal("4628.80"), Decimal("971.20"), Decimal("5600.00"),
    )  # fmt: skip
    rows = texts(manager().get(reverse("costing-rates")).context["table"])
    assert rows[0] == ["orders", "490", "€6.4000", "€8.0000", "€3,136.00", "€3,920.00"]
    assert rows[-1] == ["Time-driven activities together", "—", "—", "—", "€5,600.00", "€5,600.00"]


def test_without_estimates_everything_is_absorbed_by_minutes(run: Run) -> None:
    found = compared_rates(run, month_of(JUNE))
    orders, calls = found.rows
    assert (orders.time_driven_rate, orders.traditional_cost) == (None, Decimal("10.00"))
    assert (calls.quantity, calls.time_driven_rate, calls.time_driven_cost) == (22, 0.5, Decimal("11.00"))
    assert calls.traditional_cost == Decimal("30.00")


def test_parts_of_a_cost_are_rounded_to_add_up_to_it() -> None:
    """Three equal activities share 10.00: each rounded by itself would make 9.99."""
    at = dt.datetime(2026, 6, 10, 9, tzinfo=dt.UTC)
    costing, kinds = current_costing(), [TouchpointFactory(name=name) for name in "abc"]
    team = pool(costing, "Team", {JUNE: "10.00"}, practical_capacity_minutes=10)
    for place, kind in enumerate(kinds):
        ContactMomentFactory(touchpoint=kind, occurred_at=at)
        costing.activities.create(
            name=kind.name, method="time_driven", resource=team, position=place, equation=f"contacts_at_{kind.pk}"
        )
    found = compared_rates(recomputed(), month_of(JUNE))
    assert [row.traditional_cost for row in found.rows] == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]
    assert found.traditional == found.time_driven + found.unused == Decimal("10.00")


# --- The example of an equation -------------------------------------------------------------------------------------


def checked(**parameters: str) -> str:
    editor = manager()
    answer = editor.get(reverse("costing-equation"), parameters, headers={"HX-Request": "true"})
    assert "<!doctype" not in answer.content.decode()
    return answer.content.decode()


def test_an_equation_is_worked_out_for_an_example_customer(run: Run) -> None:
    ada = ContactMoment.objects.get(minutes=10).customer
    editor = client_with(SEE_VALUE, "profitability.change_costing", "customers.view_customer",
                         "customers.see_all_customers")  # fmt: skip
    parameters = {"equation": "2 * contacts_phone + minutes_phone + returns", "example": ada.reference}
    page = editor.get(reverse("costing-equation"), parameters).content.decode()
    assert "12.0 minutes" in page
    assert "not counted yet" in page


def test_a_fault_of_an_equation_is_shown_at_its_place(run: Run) -> None:
    page = checked(equation="8 * ordrs")
    assert "At character 5: No records yield a driver “ordrs”. Did you mean “orders”?" in page
    assert "8 * <mark>ordrs</mark>" in page


@pytest.mark.parametrize("equation", ["", "<script>", "\x00", "9" * 3000])
def test_nothing_that_is_typed_breaks_the_check(equation: str) -> None:
    assert "<script>" not in checked(equation=equation)
