"""Damaged files of every kind: no crash, every row accounted for, every rejection explained."""

from pathlib import Path

import pytest

from customers.import_actions import import_orders, import_people
from customers.importing.problems import REASONS, ImportProblem
from customers.importing.report import ImportReport
from customers.importing.subjects import Wish
from customers.models import ContactMoment, Customer, Import, ImportRejection
from customers.tests.factories import CompanyFactory, CustomerFactory, TouchpointFactory
from customers.tests.malformed import write_malformed

pytestmark = pytest.mark.django_db
ROWS = 2_000


def run(path: Path, kind: str, *options: str) -> ImportReport:
    CompanyFactory()
    if kind == Import.Kind.ORDERS:
        return import_orders(path=path, mapping="auto,decimal=point,dates=dmy")
    CustomerFactory(reference="F1", kind="company", email="")
    for n in range(0, 500, 7):
        CustomerFactory(reference=f"K{n}")
    TouchpointFactory(name="Service call")
    return import_people(path=path, wish=Wish(kind), mapping=",".join(["auto", *options]))


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        *((kind, "utf-8") for kind in Import.Kind.values),
        (Import.Kind.CUSTOMERS, "utf-16"),
        # Of so damaged a file it cannot be told by itself.
        (Import.Kind.CUSTOMERS, "cp1252"),
    ],
)
def test_nothing_that_a_file_holds_ends_an_import(tmp_path: Path, kind: str, encoding: str) -> None:
    path = tmp_path / "damaged.csv"
    write_malformed(path, kind, ROWS, seed=7, encoding=encoding, megabytes=1)
    report = run(path, kind, *(["encoding=cp1252"] if encoding == "cp1252" else []))
    assert report.accepted + report.rejected + report.skipped == report.rows
    # Lines that an unclosed quotation mark has swallowed and given back are rows too; blank ones are none.
    assert report.rows >= ROWS
    assert report.accepted > ROWS / 20
    assert set(report.reasons) <= set(REASONS)
    assert ImportRejection.objects.filter(source=report.import_id).count() == report.rejected
    assert not ImportRejection.objects.filter(cells=[]).exists()


def test_the_same_damaged_file_twice_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "damaged.csv"
    write_malformed(path, Import.Kind.MOMENTS, 500, seed=11, megabytes=0)
    run(path, Import.Kind.MOMENTS)
    before = ContactMoment.objects.count()
    again = import_people(path=path, wish=Wish(Import.Kind.MOMENTS))
    assert (again.created, ContactMoment.objects.count()) == (0, before)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00\xd8\x00\xd8",
        b"name\x00email\x00" * 100,
        b"\xef\xbb\xbf",
        b"PK\x03\x04" + b"\x00" * 100,
        b"\x1f\x8b\x08\x00broken",
        b"\xd0\xcf\x11\xe0" + b"\x00" * 100,
        b'"' * 50_000,
        b"\r\r\r\r",
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.csv"
    path.write_bytes(content)
    with pytest.raises(ImportProblem) as refused:
        import_people(path=path, wish=Wish(Import.Kind.CUSTOMERS))
    assert refused.value.sentence
    assert not Customer.objects.exists()
