"""The two public data sets whose layout is known: CDNOW and Online Retail."""

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Sum

from customers.import_actions import import_orders
from customers.importing.problems import ImportProblem
from customers.models import Order, OrderLine, Product

pytestmark = pytest.mark.django_db

SAMPLE = settings.BASE_DIR / "sample_data" / "CDNOW_sample.txt.gz"
ONLINE_RETAIL = '''\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:27:00,3.39,17850,United Kingdom
C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,14527,United Kingdom
C536391,22556,"PLASTERS IN TIN, ""CIRCUS""",-12,2010-12-01 10:24:00,1.65,17850,United Kingdom
536414,22139,,56,2010-12-01 11:52:00,0,,United Kingdom
536544,DOT,DOTCOM POSTAGE,1,2010-12-01 14:32:00,569.77,,United Kingdom
536370,POST,POSTAGE,3,2010-12-01 08:45:00,18,12583,France
537434,m,Manual,1,2010-12-06 16:57:00,950.99,,United Kingdom
A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom
A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom
550193,PADS,PADS TO MATCH ALL CUSHIONS,1,2011-04-15 09:27:00,0.001,13952,United Kingdom
'''


@pytest.fixture
def retail(tmp_path: Path) -> Path:
    path = tmp_path / "retail.csv"
    path.write_text(ONLINE_RETAIL)
    return path


def amounts_in_file(path: Path) -> list[Decimal]:
    with gzip.open(path, "rt") as file:
        return [Decimal(line.split()[-1]) for line in file]


def test_the_cdnow_sample_is_recognised_and_kept_to_the_cent() -> None:
    amounts = amounts_in_file(SAMPLE)
    report = import_orders(path=SAMPLE)
    totals = OrderLine.objects.aggregate(gross=Sum("gross"), discount=Sum("discount"))
    assert (report.rows, report.accepted, report.orders) == (6919, 6919, 6919)
    assert report.customers == 2357
    assert (totals["gross"], totals["discount"]) == (sum(amounts), 0) == (Decimal("244091.94"), 0)
    assert OrderLine.objects.filter(gross=0).count() == amounts.count(Decimal("0.00")) > 0


def test_the_master_file_knows_the_orders_of_the_sample(tmp_path: Path) -> None:
    lines = gzip.decompress(SAMPLE.read_bytes()).decode().splitlines()[:50]
    sample, master = tmp_path / "sample.txt", tmp_path / "master.txt"
    sample.write_text("\n".join(lines))
    rows = [" ".join(cell for place, cell in enumerate(line.split()) if place != 1) for line in reversed(lines)]
    master.write_text("\n".join([" customer_id  date number_of_cds  dollar_value", *rows, "00004 19970101 2 29.33"]))
    import_orders(path=sample)
    report = import_orders(path=master, mapping="cdnow")
    assert (report.skipped, report.accepted) == (50, 1)
    numbers = Order.objects.filter(number__startswith="CDNOW-00004-19970101-").order_by("number")
    assert [order.number[-1] for order in numbers] == ["1", "2"]


def test_all_dates_can_be_moved(tmp_path: Path) -> None:
    path = tmp_path / "cdnow.txt"
    path.write_text("00001 19970101 1 11.77\n")
    import_orders(path=path, mapping="cdnow", shift=dt.timedelta(weeks=1000))
    assert Order.objects.get().ordered_on == dt.date(1997, 1, 1) + dt.timedelta(weeks=1000)


def test_a_line_that_is_not_as_in_cdnow_is_rejected_and_a_file_of_them_refused(tmp_path: Path) -> None:
    path = tmp_path / "cdnow.txt"
    path.write_text("00001 19970101 1 11.77\n00001 19970101 11.77\n00001 19971301 1 11.77\n")
    report = import_orders(path=path, mapping="cdnow")
    assert [(r.line, r.column, r.value, r.reason) for r in report.rejections] == [
        (2, "amount", "3", "wrong_column_count"),
        (3, "date", "19971301", "bad_date"),
    ]
    path.write_text("one two three four\n")
    with pytest.raises(ImportProblem):
        import_orders(path=path, mapping="cdnow")


def test_online_retail_is_recognised_and_every_line_is_kept(retail: Path) -> None:
    report = import_orders(path=retail)
    assert (report.rows, report.accepted, report.orders, report.customers) == (12, 12, 10, 4)
    assert OrderLine.objects.aggregate(gross=Sum("gross"))["gross"] == Decimal("1583.44")


def test_a_cancellation_is_a_return_by_its_customer(retail: Path) -> None:
    import_orders(path=retail)
    order = Order.objects.get(number="C536391")
    assert (order.customer.reference, order.customer.country) == ("17850", "United Kingdom")
    assert order.lines.get().gross == Decimal("-19.80")
    assert Product.objects.get(sku="22556").name == 'PLASTERS IN TIN, "CIRCUS"'


def test_lines_without_customer_are_anonymous_sales(retail: Path) -> None:
    import_orders(path=retail)
    assert OrderLine.objects.filter(order__customer=None).count() == 5


def test_codes_that_are_no_products_are_told_apart(retail: Path) -> None:
    import_orders(path=retail)
    kinds = dict(Product.objects.exclude(kind=Product.Kind.GOODS).values_list("sku", "kind"))
    assert kinds == {"D": "discount", "DOT": "delivery", "POST": "delivery", "m": "adjustment", "B": "bad_debt"}
    assert Product.objects.get(sku="PADS").kind == Product.Kind.GOODS


def test_an_invoice_that_took_two_minutes_is_one_order_at_its_first(retail: Path) -> None:
    import_orders(path=retail)
    order = Order.objects.get(number="536365")
    assert (order.lines.count(), order.ordered_at.minute) == (3, 26)


def test_online_retail_twice_adds_nothing(retail: Path) -> None:
    import_orders(path=retail)
    again = import_orders(path=retail, mapping="online-retail")
    assert (again.accepted, again.skipped, again.products, OrderLine.objects.count()) == (0, 12, 0, 12)
