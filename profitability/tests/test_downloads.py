"""Every table and chart of a page is there as CSV and as a workbook: the figures as numbers, for whoever may export."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from django.test import Client

from crm_site.lib import components
from crm_site.lib.charts import Chart
from crm_site.lib.downloads import FileLinks
from crm_site.lib.export import original_text
from customers.models import Order
from customers.permissions import EXPORT, SEE_ALL
from customers.tests.factories import SegmentFactory, user_with
from profitability.models import Costing, Scenario
from profitability.permissions import EDIT_COSTING, SEE_RUNS, SEE_VALUE
from profitability.scenario_actions import create_scenario
from profitability.tables.heat import HeatTable
from profitability.tests.compared import a_comparison
from profitability.tests.portfolio import a_portfolio
from profitability.tests.shop import recomputed
from profitability.tests.workshop import a_draft
from profitability.what_if.levers import Lever

pytestmark = pytest.mark.django_db

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
VIEWS = ("customer", "order", "segment")
READER = (SEE_VALUE, SEE_ALL, SEE_RUNS, EDIT_COSTING, "profitability.view_costing",
          *(f"customers.view_{name}" for name in VIEWS))  # fmt: skip
# Pages with what is on them, and the files that each offers.
PAGES = {
    "/dashboard/": {"whale_curve", "categories", "months", "best", "worst"},
    "/ranking/?here=C0": {"whale_curve", "around"},
    "/ranking/groups/?by=town": {"groups", "bars"},
    "/ranking/sizes/": {"sizes", "bars", "returns"},
    "/ranking/moves/?from=2026-q1&to=2026-q2": {"moves"},
    "/ranking/changes/": {"lines", "risen"},
    "/matrix/": {"matrix"},
    "/matrix/cell/?rows=category&columns=product&row=1&column={product}": {"lines"},
    "/rfm/": {"grid", "parts", "classes"},
    "/cohorts/": {"ages", "retention", "profit", "worth"},
    "/equity/": {"steps", "segments", "by_category"},
    "/equity/customers/?step=margin": {"customers"},
    "/value-models/": {"accuracy", "calibration", "tracking", "ahead", "parameters"},
    "/what-if/": {"scenarios"},
    "/what-if/{scenario}/": {"figures", "whale", "categories"},
    "/what-if/compare/?s={scenario}": {"figures", "whale"},
    "/costing/": {"reconciliation", "rates", "capacity", "pools", "activities"},
    "/costing/2026-05/": {"lines", "reconciliation"},
    "/costing/reconciliation/": {"details", "pools", "months"},
    "/costing/rates/": {"rates"},
    "/costing/versions/": {"versions"},
    "/costing/versions/{draft}/": {"pools", "activities", "amounts"},
    "/costing/versions/{draft}/amounts/?period=2026-q2": {"amounts"},
    "/costing/versions/compare/?before={costing}&after={draft}": {"pools", "activities"},
    "/portfolio/?by=country": {"returns", "returns_chart"},
    "/portfolio/concentration/": {"best", "outlooks"},
    "/runs/{run}/": {"moves"},
    "/customers/{customer}/value-history/": {"values"},
    "/customers/{customer}/profit-and-loss/?period=2026-q2": {"account", "months"},
}
# Pages with tables whose files hold more than they show or come with the tools of a list: how many.
FULLER = {"/rfm/": 2, "/ranking/?here=C0": 1}
# What stands on a page twice, once as a drawing of the table's own figures, and needs no second file.
SAME = {"Why customer equity changed", "Why profit changed", "Moves between categories"}


@pytest.fixture
def names() -> dict[str, Any]:
    """A company with two recomputes, a comparison of models, a scenario and a draft; the keys that addresses need."""
    customers, owner = a_portfolio(), user_with(*READER)
    SegmentFactory(name="=Lyon", query="city=Lyon", owner=owner)
    recomputed()
    moved = Order.objects.first()
    assert moved
    moved.lines.update(unit_price=9000)
    run = recomputed()
    a_comparison()
    scenario = create_scenario(owner=owner, name="-10 %", levers=[Lever(kind="price", values={"change": 5})])
    product = customers[0].orders.first().lines.first().product_id  # type: ignore[union-attr]
    return {
        "run": run.pk, "scenario": scenario.pk, "customer": customers[0].pk, "draft": a_draft().pk,
        "costing": Costing.objects.current().pk, "product": product,  # type: ignore[union-attr]
    }  # fmt: skip


@pytest.fixture
def reader(names: dict[str, Any]) -> Client:
    owner = Scenario.objects.get().owner
    client = Client()
    owner.user_permissions.add(*user_with(EXPORT).user_permissions.all())
    client.force_login(owner)
    return client


def rows_of_csv(client: Client, address: str, delimiter: str = ",") -> list[list[str]]:
    text = b"".join(client.get(address).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def cells_of_workbook(client: Client, address: str) -> Iterator[list[tuple[str, str]]]:
    """The kind (n for numbers and days) and text of each cell that is not empty, row by row."""
    content = b"".join(client.get(address).streaming_content)  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter(f"{MAIN}f")), "A file holds no formula."
    for row in sheet.iter(f"{MAIN}row"):
        yield [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row if len(cell)]


def is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?|\d{4}-\d\d-\d\d(T.*)?", text, re.IGNORECASE))


def tabular(context: Any) -> dict[str, Any]:
    """Every table and drawing that a page was given, by its title."""
    found = {}
    for part in context:
        for value in part.flatten().values() if hasattr(part, "flatten") else part.values():
            if isinstance(value, (components.Table, Chart, HeatTable)) and (
                not isinstance(value, components.Table) or value.rows
            ):
                found[value.title] = value
    return found


def test_every_table_of_every_page_is_a_file_of_both_kinds(names: dict[str, Any], reader: Client) -> None:
    for where, expected in PAGES.items():
        address = where.format(**names)
        response = reader.get(address)
        files: dict[str, FileLinks] = response.context["files"]
        assert set(files) == expected, where
        html = response.content.decode().replace("&amp;", "&")
        for name, links in files.items():
            assert links.csv_url in html, f"Nothing leads to {name} of {where}."
            assert links.xlsx_url in html, f"Nothing leads to {name} of {where}."
            check_both(reader, links.csv_url, links.xlsx_url)


def check_both(reader: Client, csv_address: str, xlsx_address: str) -> None:
    """The same table in both files: headings and rows, and what is a number in one is a number in the other."""
    heads, *rows = rows_of_csv(reader, csv_address)
    first, *others = cells_of_workbook(reader, xlsx_address)
    assert [text for _kind, text in first] == [original_text(head) for head in heads]
    assert rows, f"{csv_address} is empty."
    for line, cells in zip(rows, others, strict=True):
        filled = [text for text in line if text]
        assert [kind == "n" for kind, _text in cells][1:] == [is_number(text) for text in filled][1:], line


def test_nothing_on_a_page_is_without_a_file(names: dict[str, Any], reader: Client) -> None:
    for where in PAGES:
        response = reader.get(where.format(**names))
        titles = {links.title for links in response.context["files"].values()}
        missing = set(tabular(response.context)) - titles - SAME
        assert len(missing) <= FULLER.get(where, 0), (where, missing)


def test_whoever_may_not_export_is_offered_nothing_and_refused(names: dict[str, Any]) -> None:
    client = Client()
    client.force_login(Scenario.objects.get().owner)
    for where, tables in PAGES.items():
        address = where.format(**names)
        response = client.get(address)
        assert response.context["files"] == {}, where
        assert "format=csv" not in response.content.decode(), where
        asked = address + ("&" if "?" in address else "?") + f"table={min(tables)}&format=csv"
        assert client.get(asked).status_code == 403, where


def test_a_table_that_a_page_does_not_have_is_not_found(names: dict[str, Any], reader: Client) -> None:
    assert reader.get("/costing/?table=secrets&format=csv").status_code == 404
    assert reader.get("/costing/?table=rates&format=pdf").status_code == 200


def test_headings_are_in_the_readers_language(names: dict[str, Any], reader: Client) -> None:
    reader.cookies["django_language"] = "fr"
    heads, *_rows = rows_of_csv(reader, "/costing/?table=pools&format=csv", delimiter=";")
    assert heads[0] == "Ressource"
    assert [text for _kind, text in next(cells_of_workbook(reader, "/costing/?table=pools&format=xlsx"))] == heads


def test_what_looks_like_a_formula_stays_text(names: dict[str, Any], reader: Client) -> None:
    assert rows_of_csv(reader, "/what-if/?format=csv")[1][0] == "'-10 %"
    assert "'=Lyon" in {row[0] for row in rows_of_csv(reader, "/equity/?table=segments&format=csv")}


def test_the_period_of_the_page_is_that_of_its_files(names: dict[str, Any], reader: Client) -> None:
    links = reader.get("/costing/reconciliation/?period=2026-q2").context["files"]["months"]
    assert parse_qs(links.csv_url.partition("?")[2])["period"] == ["2026-q2"]
    rows = rows_of_csv(reader, links.csv_url)
    assert [row[0] for row in rows[1:]] == ["2026-04-01", "2026-05-01", "2026-06-01"]


@pytest.mark.parametrize(("language", "was", "becomes"), [("en", b"12.00", b"13.50"), ("fr", b"12,00", b"13,50")])
def test_exported_amounts_can_be_imported_again(
    names: dict[str, Any], reader: Client, language: str, was: bytes, becomes: bytes
) -> None:
    reader.cookies["django_language"] = language
    path = f"/costing/versions/{names['draft']}/amounts/"
    content = b"".join(reader.get(f"{path}?period=2026&table=amounts&format=csv").streaming_content)  # type: ignore[attr-defined]
    file = io.BytesIO(content.replace(was, becomes))
    file.name = "amounts.csv"
    answer = reader.post(f"{path}import/", {"file": file}, follow=True)
    assert answer.status_code == 200
    pools = Costing.objects.get(pk=names["draft"]).pools
    assert [str(one.amount) for one in pools.get(name="Warehouse").amounts.order_by("month")] == ["13.50", "10.00"]


def test_notes_below_figures_stand_in_columns_of_their_own(names: dict[str, Any], reader: Client) -> None:
    heads, first, *_rows = rows_of_csv(reader, "/costing/rates/?format=csv")
    assert heads[2:4] == ["Quantity", "Quantity (note)"] or heads[1:3] == ["Quantity", "Quantity (note)"]
    assert is_number(first[heads.index("Quantity")])
