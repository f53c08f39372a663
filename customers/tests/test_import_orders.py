"""What becomes of the rows of a file: kept, skipped or rejected, and always accounted for."""

import csv
import datetime as dt
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Sum
from pytest_django import DjangoCaptureOnCommitCallbacks

from customers.import_actions import import_orders
from customers.importing.problems import REASONS, ImportProblem
from customers.importing.report import ImportReport
from customers.models import Customer, Import, ImportRejection, Order, OrderLine, Product
from customers.signals import orders_imported
from customers.tests.factories import CompanyFactory, CustomerFactory, OrderFactory, ProductFactory

pytestmark = pytest.mark.django_db

HEADER = "order,customer,date,sku,quantity,unit_price"
TODAY = dt.date(2026, 6, 30)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes lines into a file and answers its path."""

    def write(*lines: str, name: str = "orders.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
        return path

    return write


def run(path: Path, mapping: str = "auto", *, dry_run: bool = False) -> ImportReport:
    report = import_orders(path=path, mapping=mapping, today=TODAY, dry_run=dry_run)
    assert report.accepted + report.rejected + report.skipped == report.rows
    return report


def reasons(report: ImportReport) -> list[tuple[int, str, str, str]]:
    return [(r.line, r.column, r.value, r.reason) for r in report.rejections]


def takings() -> Decimal:
    sums = OrderLine.objects.aggregate(gross=Sum("gross"), discount=Sum("discount"))
    return sums["gross"] - sums["discount"]


# --- Subscriptions ----------------------------------------------------------------------------------------------------


def contracts() -> dict[str, str]:
    return dict(Order.objects.order_by("number").values_list("number", "contract"))


@pytest.mark.parametrize("column", ["subscription", "Renewal", "Abonnement", "Renouvellement"])
def test_a_column_tells_which_orders_begin_or_renew_a_subscription(write: Write, column: str) -> None:
    words = {"A1": "start", "A2": "Renewal", "A3": "oui", "A4": "", "A5": "no", "A6": "Renews a subscription"}
    rows = [f"{number},C1,2026-06-01,P1,1,5,{word}" for number, word in words.items()]
    report = run(write(f"{HEADER},{column}", *rows))
    assert report.accepted == 6
    assert contracts() == {"A1": "start", "A2": "renewal", "A3": "renewal", "A4": "", "A5": "", "A6": "renewal"}


def test_any_row_of_an_order_can_mark_it_and_a_renewal_wins(write: Write) -> None:
    path = write(
        f"{HEADER},subscription",
        "A1,C1,2026-06-01,P1,1,5,",
        "A1,C1,2026-06-01,P2,1,5,start",
        "A2,C1,2026-06-01,P1,1,5,start",
        "A2,C1,2026-06-01,P2,1,5,renewal",
    )
    run(path)
    assert contracts() == {"A1": "start", "A2": "renewal"}
    assert run(path).skipped == 4


def test_a_column_can_be_named_and_other_words_are_rejected(write: Write) -> None:
    path = write("who,on,price,again", "C1,2026-06-01,5,yes", "C2,2026-06-01,5,perhaps")
    report = run(path, "customer=who,date=on,unit_price=price,subscription=again")
    assert reasons(report) == [(3, "again", "perhaps", "unknown_subscription")]
    assert list(contracts().values()) == ["renewal"]


# --- What is kept -----------------------------------------------------------------------------------------------------


def test_rows_become_orders_of_customers_with_lines_of_products(write: Write) -> None:
    path = write(HEADER, "A1,C1,2026-06-01,P1,2,9.90", "A1,C1,2026-06-01,P2,1,5", "A2,,2026-06-02,P1,1,9.90")
    report = run(path)
    assert (report.accepted, report.orders, report.customers, report.products) == (3, 2, 1, 2)
    order = Order.objects.get(number="A1")
    assert (order.customer.reference, order.ordered_on, order.ordered_at) == ("C1", dt.date(2026, 6, 1), None)
    assert [(line.product.sku, line.quantity, line.gross) for line in order.lines.order_by("id")] == [
        ("P1", 2, Decimal("19.80")),
        ("P2", 1, Decimal("5.00")),
    ]
    assert Order.objects.get(number="A2").customer is None


def test_a_new_customer_can_be_searched_and_an_existing_one_is_left_as_it_is(write: Write) -> None:
    known = CustomerFactory(reference="C1", name="Aubert", country="France")
    path = write(
        "customer,customer_name,country,date,unit_price",
        "C1,Somebody else,Spain,2026-06-01,5",
        "C2,Élise Œuvrard,Belgium,2026-06-01,5",
    )
    report = run(path)
    known.refresh_from_db()
    assert (known.name, known.country) == ("Aubert", "France")
    assert [str(customer) for customer in Customer.objects.matching("oeuvrard")] == ["Élise Œuvrard"]
    assert Customer.objects.get(reference="C2").source_import_id == report.import_id


def test_the_exact_time_is_read_in_the_zone_of_the_company(write: Write) -> None:
    run(write(HEADER, "A1,C1,2026-06-01 00:30,P1,1,5", "A2,C1,2026-06-01T23:30:00Z,P1,1,5"))
    first, second = Order.objects.order_by("number")
    assert first.ordered_at == dt.datetime(2026, 5, 31, 22, 30, tzinfo=dt.UTC)
    assert (second.ordered_on, second.ordered_at.hour) == (dt.date(2026, 6, 2), 23)


def test_an_amount_is_kept_to_the_cent_whatever_the_quantity(write: Write) -> None:
    path = write("customer,date,quantity,amount", "C1,2026-06-01,3,10.00", "C1,2026-06-02,123457,98765.43")
    run(path)
    assert takings() == Decimal("98775.43")


def test_an_amount_without_quantity_is_one_unit_or_one_given_back(write: Write) -> None:
    run(write("customer,date,amount", "C1,2026-06-01,10.00", "C1,2026-06-02,-4.00"))
    assert sorted(OrderLine.objects.values_list("quantity", "unit_price")) == [(-1, 4), (1, 10)]


def test_a_foreign_order_keeps_its_rate_and_its_lines_are_in_the_house_currency(write: Write) -> None:
    CompanyFactory(currency="EUR")
    path = write(
        "order,customer,date,unit_price,currency,rate",
        "A1,C1,2026-06-01,10,USD,0.9",
        "A2,C1,2026-06-01,10,,",
        "A3,C1,2026-06-01,10,eur,1",
    )
    run(path)
    foreign = Order.objects.get(number="A1")
    assert (foreign.currency, foreign.exchange_rate, foreign.lines.get().gross) == ("USD", Decimal("0.9"), 9)
    assert set(Order.objects.exclude(pk=foreign.pk).values_list("currency", "exchange_rate")) == {("", 1)}


def test_a_line_costs_what_the_file_says_or_else_what_its_product_costs_today(write: Write) -> None:
    ProductFactory(sku="P1", unit_cost="3.50")
    path = write(
        "customer,date,sku,unit_price,unit_cost", "C1,2026-06-01,P1,9,2", "C1,2026-06-01,P1,9,", "C1,2026-06-01,P2,9,"
    )
    run(path)
    assert [line.unit_cost for line in OrderLine.objects.order_by("id")] == [2, Decimal("3.5"), None]


def test_rows_without_a_code_are_about_the_product_of_that_name(write: Write) -> None:
    long = "A very long name of something that is sold by the metre"
    run(write("customer,date,product,unit_price", "C1,2026-06-01,Tea,4", f"C1,2026-06-01,{long},4"))
    tea, metre = Product.objects.order_by("-sku")
    assert (tea.sku, tea.name, metre.name, len(metre.sku)) == ("Tea", "Tea", long, 40)


def test_a_dry_run_reports_the_same_and_keeps_nothing(write: Write) -> None:
    path = write(HEADER, "A1,C1,2026-06-01,P1,2,9.90", "A2,C1,yesterday,P1,1,5")
    dry = run(path, dry_run=True)
    assert not Order.objects.exists()
    assert not Customer.objects.exists()
    assert not Import.objects.exists()
    wet = run(path)
    assert (dry.accepted, dry.orders, dry.customers, dry.rejections) == (1, 1, 1, wet.rejections)


def test_the_news_of_new_orders_goes_out_after_the_commit_and_only_then(
    write: Write, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    heard: list[Import] = []

    def listen(sender: type[Import], imported: Import, **kwargs: object) -> None:
        heard.append(imported)

    orders_imported.connect(listen)
    try:
        path = write(HEADER, "A1,C1,2026-06-01,P1,2,9.90")
        for expected in (1, 1):
            with django_capture_on_commit_callbacks(execute=True):
                run(path)
            assert len(heard) == expected
    finally:
        orders_imported.disconnect(listen)


# --- What is skipped --------------------------------------------------------------------------------------------------


def test_the_same_file_twice_adds_nothing_though_it_repeats_lines(write: Write) -> None:
    path = write(HEADER, *["A1,C1,2026-06-01,P1,2,9.90"] * 3, "A1,C1,2026-06-01,P2,1,5")
    assert run(path).accepted == 4
    again = run(path)
    assert (again.accepted, again.skipped, again.orders, again.customers) == (0, 4, 0, 0)
    assert OrderLine.objects.count() == 4


def test_rows_without_order_numbers_are_known_by_their_content_in_any_order(write: Write) -> None:
    rows = ["C1,2026-06-01,P1,1,5", "C1,2026-06-01,P1,1,5", "C1,2026-06-01,P2,1,7"]
    head = "customer,date,sku,quantity,unit_price"
    run(write(head, *rows))
    report = run(write(head, "C1,2026-06-01,P3,1,9", *reversed(rows), "C1,2026-06-01,P1,1,5"))
    assert (report.skipped, report.accepted) == (3, 2)
    numbers = [f"ROW-C1-20260601-{n}" for n in range(1, 6)]
    assert list(Order.objects.order_by("number").values_list("number", flat=True)) == numbers


def test_a_rejected_row_can_be_imported_once_it_is_corrected(write: Write) -> None:
    good, bad, corrected = "A1,C1,2026-06-01,P1,1,5", "A1,C1,2026-06-01,P2,one,7", "A1,C1,2026-06-01,P2,1,7"
    run(write(HEADER, good, bad))
    unchanged = run(write(HEADER, good, bad))
    assert (unchanged.skipped, unchanged.rejected) == (1, 1)
    assert run(write(HEADER, corrected)).accepted == 1
    again = run(write(HEADER, good, corrected))
    assert (again.skipped, Order.objects.get().lines.count()) == (2, 2)
    assert reasons(run(write(HEADER, corrected, corrected))) == [(3, "order", "A1", "duplicate_order")]


# --- What is rejected -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        ("A1,C1,31/02/2026,P1,1,5", "date", "31/02/2026", "bad_date"),
        ("A1,C1,2026-02-30,P1,1,5", "date", "2026-02-30", "bad_date"),
        ("A1,C1,2026-07-01,P1,1,5", "date", "2026-07-01", "future_date"),
        ("A1,C1,1066-10-14,P1,1,5", "date", "1066-10-14", "bad_date"),
        ("A1,C1,,P1,1,5", "date", "", "missing_value"),
        ("A1,C1,2026-06-01,P1,0,5", "quantity", "0", "zero_quantity"),
        ("A1,C1,2026-06-01,P1,two,5", "quantity", "two", "not_a_number"),
        ("A1,C1,2026-06-01,P1,1,NaN", "unit_price", "NaN", "not_a_number"),
        ("A1,C1,2026-06-01,P1,1,1e3", "unit_price", "1e3", "not_a_number"),
        ("A1,C1,2026-06-01,P1,1,٣", "unit_price", "٣", "not_a_number"),
        ('A1,C1,2026-06-01,P1,1,"1,234"', "unit_price", "1,234", "ambiguous_number"),
        ("A1,C1,2026-06-01,P1,1,-5", "unit_price", "-5", "negative_price"),
        ("A1,C1,2026-06-01,P1,1.0001,5", "quantity", "1.0001", "too_many_decimals"),
        ("A1,C1,2026-06-01,P1,1,99999999999", "unit_price", "99999999999", "too_large"),
        ("A1,C1,2026-06-01,P1,999999999,9999999999", "unit_price", "9999999999", "too_large"),
        (",C1,2026-06-01,P1,1,5", "order", "", "missing_value"),
        ("A1,C1,2026-06-01,,1,5", "sku", "", "missing_value"),
        (f"A1,{'C' * 41},2026-06-01,P1,1,5", "customer", "C" * 41, "too_long"),
        ("A1,C1\u200e,2026-06-01,P1,1,5", "customer", "C1\u200e", "invisible_character"),
        ("A1,C1,2026-06-01,P1,1", "unit_price", "5", "wrong_column_count"),
        ("A1,C1,2026-06-01,P1,1,5,6", "unit_price", "7", "wrong_column_count"),
        ("A1,C1,2026-06-01,P\0,1,5", "sku", "P␀", "nul_character"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named_with_line_column_value_and_reason(
    write: Write, row: str, column: str, value: str, reason: str
) -> None:
    good = "A0,C1,2026-06-01,P1,1,5"
    report = run(write(HEADER, *[good] * 1000, row, good))
    assert reasons(report) == [(1002, column, value, reason)]
    assert report.accepted == 1001
    stored = ImportRejection.objects.get(source=report.import_id)
    assert (stored.line, stored.column, stored.value, stored.reason) == (1002, column, value, reason)
    assert all((report.rejections[0].sentence, report.rejections[0].remedy))


def test_currencies_and_discounts_are_checked(write: Write) -> None:
    CompanyFactory(currency="EUR")
    path = write(
        "customer,date,quantity,unit_price,discount,currency,rate",
        "C1,2026-06-01,1,10,,XXQ,1",
        "C1,2026-06-01,1,10,,USD,",
        "C1,2026-06-01,1,10,,USD,0",
        "C1,2026-06-01,1,10,,EUR,2",
        "C1,2026-06-01,1,10,11,,",
        "C1,2026-06-01,-1,10,2,,",
        "C1,2026-06-01,-1,10,-2,,",
    )
    assert reasons(run(path)) == [
        (2, "currency", "XXQ", "unknown_currency"),
        (3, "currency", "USD", "rate_missing"),
        (4, "rate", "0", "bad_rate"),
        (5, "rate", "2", "bad_rate"),
        (6, "discount", "11", "bad_discount"),
        (7, "discount", "2", "bad_discount"),
    ]
    assert takings() == Decimal("-8.00")


def test_rows_that_contradict_the_first_of_their_order_are_rejected(write: Write) -> None:
    path = write(
        HEADER,
        "A1,C1,2026-06-01,P1,1,5",
        "A1,C2,2026-06-01,P1,1,5",
        "A1,C1,2026-06-02,P1,1,5",
        "A1,,2026-06-01,P1,1,5",
    )
    assert reasons(run(path)) == [
        (3, "customer", "C2", "order_contradiction"),
        (4, "date", "2026-06-02", "order_contradiction"),
        (5, "customer", "", "order_contradiction"),
    ]
    assert not Customer.objects.filter(reference="C2").exists()


def test_an_order_that_is_here_is_never_merged_with_another_of_its_number(write: Write) -> None:
    OrderFactory(number="A1", customer__reference="C9", ordered_on=dt.date(2026, 6, 1), lines=1)
    OrderFactory(number="A2", customer__reference="C1", ordered_on=dt.date(2026, 6, 1), lines=1)
    report = run(write(HEADER, "A1,C1,2026-06-01,P1,1,5", "A2,C1,2026-06-01,P1,1,5", "A3,C1,2026-06-01,P1,1,5"))
    assert reasons(report) == [(2, "order", "A1", "duplicate_order"), (3, "order", "A2", "duplicate_order")]
    assert (report.accepted, OrderLine.objects.count()) == (1, 3)


def test_hostile_rows_cost_only_themselves(write: Write) -> None:
    good = "A0,C1,2026-06-01,P1,1,5"
    path = write(
        HEADER,
        good,
        f"A1,C1,2026-06-01,{'x' * 10_001},1,5",
        good,
        f"A1,C1,2026-06-01,{'x' * 200_000},1,5",
        good,
        f"A1,C1,2026-06-01,{'x' * 2_000_000},1,5",
        good,
        'A1,C1,2026-06-01,"never closed,1,5',
        *[good] * 200,
        "",
        ",,,,,",
        'A2,C1,2026-06-01,"P\n1",1,5',
    )
    report = run(path)
    assert [(line, reason) for line, _, _, reason in reasons(report)] == [
        (3, "cell_too_long"),
        (5, "cell_too_long"),
        (7, "cell_too_long"),
        (9, "open_quote"),
        (211, "missing_value"),
        (212, "invisible_character"),
    ]
    assert (report.accepted, report.rows) == (204, 210)


def test_the_list_of_rejections_can_be_written_to_a_file(write: Write, tmp_path: Path) -> None:
    path = write(HEADER, "A1,C1,=1+1,P1,1,5")
    with open(tmp_path / "rejected.csv", "w", newline="") as file:
        import_orders(path=path, today=TODAY, rejections=file)
    with open(tmp_path / "rejected.csv", newline="") as file:
        assert list(csv.reader(file))[1][:4] == ["2", "date", "'=1+1", str(REASONS["bad_date"].sentence)]


# --- Nothing at all ---------------------------------------------------------------------------------------------------


def test_after_a_refusal_nothing_has_changed(write: Write) -> None:
    path = write(HEADER, "A1,C1,2026-06-01,P1,1,5")
    damaged = path.with_suffix(".gz")
    damaged.write_bytes(gzip.compress(path.read_bytes() * 1000)[:-20])
    with pytest.raises(ImportProblem, match="damaged"):
        run(damaged)
    assert not Import.objects.exists()
    assert not Order.objects.exists()
