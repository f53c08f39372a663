"""How a file is recognised: its encoding, its columns, its dates and numbers; and in which words it is refused."""

import datetime as dt
import gzip
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.import_actions import import_orders
from customers.importing.encodings import guess
from customers.importing.mappings import parse_mapping
from customers.importing.problems import PROBLEMS, REASONS, ImportProblem
from customers.importing.reading import Reading, prepare
from customers.importing.report import ImportReport
from customers.models import Customer, Order, OrderLine

TODAY = dt.date(2026, 6, 30)
PLAIN = b"customer,date,unit_price\nC1,2026-06-01,5\n"


def reading_of(path: Path, content: bytes, mapping: str = "auto") -> Reading:
    path.write_bytes(content)
    return prepare(path, mapping)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


# --- Recognised -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PLAIN, "utf-8-sig"),
        (b"\xef\xbb\xbf" + PLAIN, "utf-8-sig"),
        (gzip.compress(PLAIN, mtime=0), "utf-8-sig"),
        (PLAIN.decode().encode("utf-16"), "utf-16"),
        (PLAIN.replace(b"\n", b"\r\n"), "utf-8-sig"),
        (PLAIN.replace(b"\n", b"\r"), "utf-8-sig"),
    ],
)
def test_text_is_read_in_its_own_encoding(path: Path, content: bytes, encoding: str) -> None:
    reading = reading_of(path, content)
    assert reading.text.encoding == encoding
    assert reading.header == ("customer", "date", "unit_price")
    with reading.rows() as rows:
        assert [record.cells for record in rows] == [["C1", "2026-06-01", "5"]]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hélène à l’hôtel;12,50 €;« Œuvre » n° 5", "cp1252"),
        ("Müller & Söhne Straße", "cp1252"),
        ("José", "cp1252"),
        ("Élodie Lefèvre achète du thé glacé à Orléans. " * 20, "cp850"),
        ("Клиент Иван Петров " * 20, "cp1251"),
    ],
)
def test_other_encodings_are_told_by_the_text(text: str, encoding: str) -> None:
    assert guess(text.encode(encoding)) == encoding


@pytest.mark.parametrize(("text", "encoding"), [("José", "mac_roman"), ("José", "cp850"), ("Zażółć gęślą", "cp1250")])
def test_an_encoding_that_cannot_be_told_is_not_guessed(text: str, encoding: str) -> None:
    assert guess(text.encode(encoding)) == ""


@pytest.mark.django_db
def test_a_french_spreadsheet_needs_no_mapping(path: Path) -> None:
    rows = [f"F{n};Élodie Lefèvre à Orléans;C{n % 7};1{n % 9}/05/2026;Thé glacé;1 234,50;2" for n in range(300)]
    content = "\r\n".join(["N° facture;Nom du client;Réf. client;Date;Désignation;Prix unitaire;Qté", *rows])
    path.write_bytes(content.encode("cp1252"))
    report = import_orders(path=path, today=TODAY)
    assert (report.accepted, report.customers, report.rejected) == (300, 7, 0)
    assert Customer.objects.get(reference="C1").name == "Élodie Lefèvre à Orléans"
    line = OrderLine.objects.get(order__number="F4")
    assert (line.unit_price, line.order.ordered_on, str(line.product)) == (1234.5, dt.date(2026, 5, 14), "Thé glacé")
    assert "dates=dmy" in report.mapping
    assert "decimal=comma" in report.mapping


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("customer;date;unit_price", ";"),
        ("customer\tdate\tunit_price", "\t"),
        ('"customer;id";date,unit_price'.replace("customer;id", "Customer ID").replace(";", ","), ","),
        ("sep=;\ncustomer;date;unit_price", ";"),
    ],
)
def test_the_separator_is_told_by_the_header(path: Path, line: str, delimiter: str) -> None:
    reading = reading_of(path, f"\n{line}\nC1{delimiter}2026-06-01{delimiter}5\n".encode())
    assert (reading.mapping.delimiter, reading.width) == (delimiter, 3)


def test_columns_may_be_named_one_by_one_whatever_they_are_called(path: Path) -> None:
    content = b"Who,When,Net, gross,What\nC1,03/04/2026,5,6,Tea\n"
    reading = reading_of(path, content, "customer=Who, date=When,amount=Net,product=what,dates=mdy,decimal=,")
    assert reading.columns == {"customer": 0, "date": 1, "amount": 2, "product": 4}
    assert str(reading.mapping) == (
        "customer=Who,date=When,amount=Net,product=what,dates=mdy,decimal=comma,delimiter=comma"
    )


@pytest.mark.parametrize(
    ("prices", "decimal"),
    [
        (["5", "12"], ""),
        (["5.50", "1,234"], "point"),
        (["1,234.50"], "point"),
        (["5,50", "1,234"], "comma"),
        (["1.234.567"], "comma"),
        (["5.50"] * 99 + ["1.234,50", "../../passwd"], "point"),
    ],
)
def test_the_decimal_sign_is_what_nearly_all_numbers_tell(path: Path, prices: list[str], decimal: str) -> None:
    rows = "".join(f"C1;2026-06-01;{price}\n" for price in prices)
    assert reading_of(path, f"customer;date;price\n{rows}".encode()).mapping.decimal == decimal


def test_a_mapping_reads_back_what_it_writes() -> None:
    text = "customer=Who, or whom,date=When,unit_price=Net,dates=dmy,decimal=comma,delimiter=tab,encoding=cp1252"
    assert str(parse_mapping(str(parse_mapping(text)))) == text


# --- Refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "mapping", "code", "words"),
    [
        (b"", "auto", "empty", "empty"),
        (b" \n\n", "auto", "empty", "empty"),
        (b"customer,date,unit_price\n", "auto", "no_rows", "no rows"),
        (b"PK\x03\x04" + b"\0" * 50, "auto", "spreadsheet", "Save it as CSV"),
        (b"\x89PNG\r\n", "auto", "not_text", "not a text file"),
        (gzip.compress(PLAIN * 999, mtime=0)[:-9], "auto", "damaged", "damaged"),
        (b"\x1f\x8bnonsense", "auto", "damaged", "damaged"),
        (PLAIN + b"\xff\xfe\x00\x81\x8d\x8f\x90\x9d" * 9, "encoding=utf-8", "encoding_wrong", "Line 3 cannot be read"),
        (PLAIN + b"\x81\x8d\x8f\x90\x9d", "auto", "encoding_unknown", "Line 3 of the file is not UTF-8.*cp1252"),
        ("Hélène\n".encode() + b"H\xe9l", "auto", "encoding_wrong", "Line 2 cannot be read as UTF-8"),
        ("Hélène".encode()[:2], "auto", "encoding_wrong", "Line 1 cannot be read as UTF-8"),
        (PLAIN, "encoding=klingon", "unknown_encoding", "klingon"),
        (b"Who,When,What\nC1,2026-06-01,5\n", "auto", "unsure", "customer, date, unit_price.*Who, When, What"),
        (b"client,customer,date,price\n1,1,2026-06-01,5\n", "auto", "unsure", "client, customer"),
        (PLAIN, "customer=Kunde,date=date,amount=unit_price", "missing_column", "Line 1 has no column called Kunde"),
        (PLAIN, "online-retail", "missing_column", "InvoiceNo, StockCode"),
        (PLAIN, "cdnow", "not_cdnow", "Line 2 is not as in the CDNOW files"),
        (PLAIN, "customer=customer,date=date", "incomplete_mapping", "unit_price"),
        (PLAIN, "customer=customer,date=date,amount=unit_price,unit_price=unit_price", "price_twice", "both"),
        (PLAIN, "nonsense", "unknown_mapping", "no mapping called nonsense"),
        (PLAIN, "colour=customer", "unknown_key", "colour"),
        (PLAIN, "dates=ymd", "unknown_option", "iso, dmy, mdy"),
        (b"customer,date,date,price\n1,2026-06-01,2026-06-01,5\n", "customer=customer,date=date,unit_price=price",
         "repeated_column", "several columns called date"),
        (b"customer,date,price\n1,03/04/2026,5\n", "auto", "dates_ambiguous", "03/04/2026 in line 2.*dates=dmy"),
        (b"customer,date,price\n1,13/04/2026,5\n1,04/13/2026,5\n", "auto", "dates_ambiguous", "dates=mdy"),
        (b'customer;date;price\n1;2026-06-01;1,234\n', "auto", "decimal_ambiguous", "1,234 in line 2.*decimal=comma"),
    ],
)  # fmt: skip
def test_a_file_is_refused_in_words_that_say_what_and_where(
    path: Path, content: bytes, mapping: str, code: str, words: str
) -> None:
    with pytest.raises(ImportProblem, match=words) as refusal:
        reading_of(path, content, mapping)
    assert refusal.value.code == code


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match="no readable file"):
        prepare(tmp_path / "nothing.csv", "auto")


def test_a_file_that_unpacks_beyond_all_bounds_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.importing.source.LONGEST_FILE", 1 << 20)
    with pytest.raises(ImportProblem, match="larger than"):
        reading_of(path, gzip.compress(PLAIN + b"\n" * (1 << 21)))


@pytest.mark.parametrize(
    "sentence", [*PROBLEMS.values(), *(part for r in REASONS.values() for part in (r.sentence, r.remedy))]
)
def test_every_reason_is_a_sentence_in_english(sentence: Any) -> None:
    with override("en"):
        assert str(sentence)[0].isupper()
        assert str(sentence).endswith((".", "…"))


# --- Anything at all --------------------------------------------------------------------------------------------------

CELLS = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1,5", "1.5", "C1", "2026-06-01", "31/12/2025", "\u202e1", "\ufeffx", '"', "a\0b", "'; --"]
    ),
    st.text(max_size=12),
    st.binary(max_size=12),
)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=8), max_size=12)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"])


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, end=ENDS, separator=st.sampled_from([b",", b";", b"\t"]))
def test_any_file_gives_a_report_or_a_refusal(
    path: Path, rows: list[list[str | bytes]], end: bytes, separator: bytes
) -> None:
    lines = [
        separator.join(cell if isinstance(cell, bytes) else cell.encode("utf-8", "surrogatepass") for cell in row)
        for row in rows
    ]
    header = separator.join([b"order", b"customer", b"date", b"sku", b"quantity", b"price"])
    path.write_bytes(end.join([header, *lines]))
    known = OrderLine.objects.count()
    try:
        report = import_orders(path=path, mapping="auto,encoding=cp850,dates=dmy,decimal=comma", today=TODAY)
    except ImportProblem:
        return
    assert_accounted_for(report, OrderLine.objects.count() - known)


def assert_accounted_for(report: ImportReport, new_lines: int) -> None:
    assert report.accepted + report.rejected + report.skipped == report.rows
    assert report.accepted == new_lines
    assert len(report.rejections) == report.rejected
    assert all(rejection.line > 1 and rejection.reason in REASONS for rejection in report.rejections)
    assert not Order.objects.filter(lines=None).exists()
