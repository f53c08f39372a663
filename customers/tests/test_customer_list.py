"""The customer list: search, filters, every sort, paging, and the same list as a file."""

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_site.lib.counting import Count
from customers.models import Customer, Run
from customers.models.scorecard import Category, Stage
from customers.tables import FIGURES, customer_table
from customers.tests.factories import (
    AcquisitionSourceFactory,
    CustomerFactory,
    RunFactory,
    ScorecardFactory,
    UserFactory,
    user_with,
)

URL = "/customers/"
SORTABLE = [column.name for column in customer_table(figures=True, computed=True).columns if column.sort]
SORTS = [f"{sign}{name}" for name in SORTABLE for sign in ("", "-")]


def names(response: Any) -> list[str]:
    return [row.cells[0].text for row in response.context["table"].rows]


def ranked(run: Run, name: str, profit: str | int = 10, **figures: Any) -> Customer:
    customer = CustomerFactory(name=name, given_name="")
    ScorecardFactory(run=run, customer=customer, profit=Decimal(profit), **figures)
    return customer


def test_customers_stand_by_name_whatever_their_accents(visitor: Client) -> None:
    for name in ("zola", "Émile", "Eve", "Œuvre", "Oscar"):
        CustomerFactory(name=name, given_name="")
    assert names(visitor.get(URL)) == ["Émile", "Eve", "Œuvre", "Oscar", "zola"]


def test_figures_of_the_current_run_stand_beside_each_customer(visitor: Client, run: Run) -> None:
    ranked(RunFactory(is_current=False), "Old", 1)
    ranked(run, "Aubert", "1234.5", orders=7, category=Category.MOST_PROFITABLE, stage=Stage.FORMER)
    row = visitor.get(URL).context["table"].rows[0]
    assert {"€1,234.50", "7", "Most profitable", "Former"} <= {cell.text for cell in row.cells}


def test_before_the_first_run_figures_are_unknown_not_zero(visitor: Client) -> None:
    CustomerFactory()
    response = visitor.get(URL)
    assert {cell.text for cell in response.context["table"].rows[0].cells[2:]} == {""}
    assert not any(column.sort_url for column in response.context["table"].columns[2:])


@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_shows_every_ranked_customer_once(visitor: Client, run: Run, sort: str) -> None:
    for n in range(30):
        ranked(
            run, f"C{n % 7}", n % 5, orders=n % 3, place=n + 1, lifetime_value=None if n % 4 else Decimal(n),
            probability_alive=None if n % 2 else n / 30, last_order_on=None if n % 3 else dt.date(2026, 1, 1 + n % 2),
        )  # fmt: skip
    first = visitor.get(URL, {"sort": sort})
    second = visitor.get(URL + first.context["paging"].next_url)
    shown = [row.cells[0].url for page in (first, second) for row in page.context["table"].rows]
    assert len(shown) == len(set(shown)) == 30
    assert visitor.get(URL + second.context["paging"].previous_url).context["table"].rows == first.context["table"].rows


def test_sorting_by_profit_puts_the_best_first(visitor: Client, run: Run) -> None:
    for name, profit in (("Low", -5), ("High", 90), ("Middle", 3)):
        ranked(run, name, profit)
    assert names(visitor.get(URL, {"sort": "-profit"})) == ["High", "Middle", "Low"]
    assert names(visitor.get(URL, {"sort": "profit"})) == ["Low", "Middle", "High"]


def test_customers_newer_than_the_figures_are_told_of_and_found(visitor: Client, run: Run) -> None:
    Customer.objects.filter(pk=ranked(run, "Old").pk).update(created_at=run.started_at - dt.timedelta(days=1))
    CustomerFactory(name="New", given_name="", created_at=timezone.now() + dt.timedelta(seconds=1))
    by_profit = visitor.get(URL, {"sort": "-profit"})
    assert names(by_profit) == ["Old"]
    assert by_profit.context["notice"].text == "1 customer is newer than these figures and not in this list."
    assert names(visitor.get(URL + by_profit.context["notice"].url)) == ["New"]
    assert names(visitor.get(URL)) == ["New", "Old"]


@pytest.mark.parametrize(
    "text", ["dup", "DUPÔNT", "reims", "C9", "marie dup", "+33", "marie@m.exa", "m.example.com", "33 12", "3312"]
)
def test_search_finds_by_the_beginning_of_any_word(visitor: Client, text: str) -> None:
    CustomerFactory(
        name="Dupont", given_name="Marie", city="Reims", reference="C9", phone="+33 12", email="marie@m.example.com"
    )
    CustomerFactory(name="Martin", given_name="Luc", reference="K1", email="")
    assert names(visitor.get(URL, {"q": text})) == ["Marie Dupont"]


def test_one_or_two_letters_find_names_that_begin_with_them(visitor: Client) -> None:
    CustomerFactory(name="Martin", given_name="Zoé", city="Nice")
    CustomerFactory(name="Nolin", given_name="Marc", city="Metz")
    assert names(visitor.get(URL, {"q": "m"})) == ["Zoé Martin"]
    assert names(visitor.get(URL, {"q": "N"})) == ["Marc Nolin"]
    assert names(visitor.get(URL, {"q": "zz"})) == []
    assert len(names(visitor.get(URL, {"q": "mar"}))) == 2


@pytest.mark.parametrize("text", ["' | !&", "a:*", "\\", "<->", "%", "(((", "é" * 200])
def test_search_takes_any_text(visitor: Client, text: str) -> None:
    CustomerFactory(name="Zed", given_name="", city="Metz", country="", email="")
    assert visitor.get(URL, {"q": text}).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"kind": "company"}, ["Firm"]),
        ({"country": "Belgium"}, ["Firm"]),
        ({"stage": "former"}, ["Gone"]),
        ({"category": "1"}, ["Best"]),
        ({"profit_min": "50"}, ["Best"]),
        ({"profit_max": "-0.01"}, ["Gone"]),
        ({"value_min": "500"}, ["Best"]),
        ({"profit_min": "0", "profit_max": "20"}, ["Firm"]),
        ({"q": "be", "category": "1"}, ["Best"]),
    ],
)
def test_filters_narrow_the_list(visitor: Client, run: Run, parameters: dict[str, str], expected: list[str]) -> None:
    ranked(run, "Best", 60, category=1, lifetime_value=Decimal(900))
    ranked(run, "Gone", -9, stage=Stage.FORMER)
    firm = ranked(run, "Firm")
    Customer.objects.filter(pk=firm.pk).update(kind="company", country="Belgium")
    assert names(visitor.get(URL, parameters)) == expected
    assert names(visitor.get(URL, parameters | {"sort": "-profit"})) == expected


def test_owner_and_source_narrow_the_list(visitor: Client) -> None:
    owner, source = UserFactory(), AcquisitionSourceFactory()
    CustomerFactory(name="Owned", given_name="", owner=owner)
    CustomerFactory(name="Sourced", given_name="", source=source)
    assert names(visitor.get(URL, {"owner": owner.pk})) == ["Owned"]
    response = visitor.get(URL, {"source": source.pk})
    assert names(response) == ["Sourced"]
    assert [(chip.label, chip.value) for chip in response.context["filters"].chips] == [
        ("Acquisition source", source.name)
    ]


def test_a_chip_removes_its_filter_and_keeps_the_rest(visitor: Client) -> None:
    CustomerFactory(name="Dupont")
    response = visitor.get(URL, {"q": "dup", "kind": "person", "sort": "-name", "size": "50"})
    (search, kind) = response.context["filters"].chips
    assert search.remove_url == "?kind=person&sort=-name&size=50"
    assert kind.remove_url == "?q=dup&sort=-name&size=50"
    assert response.context["filters"].clear_url == "?sort=-name&size=50"


@pytest.mark.parametrize(
    "parameters",
    [
        {"sort": "password"},
        {"sort": "owner__password"},
        {"sort": "--name"},
        {"size": "1000000"},
        {"col": "owner__password"},
        {"after": "x"},
        {"format": "exe"},
        {"kind": "robot"},
        {"category": "9"},
        {"category": "1 OR 1=1"},
        {"profit_min": "a lot"},
        {"profit_min": "NaN"},
        {"profit_min": "1e400"},
        {"owner": "-1"},
        {"q": "x" * 201},
        {"q": "a\x00b"},
    ],
)
def test_what_cannot_be_used_is_said_and_left_out(visitor: Client, run: Run, parameters: dict[str, str]) -> None:
    ranked(run, "Aubert")
    response = visitor.get(URL, parameters)
    assert response.status_code == 200
    assert names(response) == ["Aubert"]
    assert len(response.context["faults"]) == 1
    assert response.context["faults"][0] in response.content.decode()


def test_a_place_of_another_order_is_left_out(visitor: Client, run: Run) -> None:
    for n in range(30):
        ranked(run, f"Name {n}", n)
    by_name = visitor.get(URL).context["paging"].next_url
    response = visitor.get(URL + by_name + "&sort=-profit")
    assert response.status_code == 200
    assert len(response.context["table"].rows) == 25


def test_the_size_of_a_page_is_chosen_from_three(visitor: Client) -> None:
    CustomerFactory.create_batch(51)
    assert [len(names(visitor.get(URL, {"size": size}))) for size in ("", "50", "100")] == [25, 50, 51]


def test_a_list_that_is_filtered_broadly_shows_the_same_as_a_narrow_one(
    visitor: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        ranked(run, f"Name {n}", n % 7)
    parameters = {"kind": "person", "sort": "-profit"}
    few = visitor.get(URL, parameters).context["table"].rows
    monkeypatch.setattr("crm_site.lib.views.lately_counted", lambda rows: Count(30, capped=True))
    monkeypatch.setattr("crm_site.lib.views.SORTED_LIMIT", 0)
    many = visitor.get(URL, parameters)
    assert many.context["table"].rows == few
    assert (many.context["paging"].count, many.context["paging"].capped) == (30, True)


def test_a_list_that_takes_too_long_says_what_to_do(visitor: Client) -> None:
    CustomerFactory()
    with connection.execute_wrapper(_slowly):
        response = visitor.get(URL, {"kind": "person"})
    assert response.status_code == 503
    assert "could not be read in time" in response.content.decode()
    assert visitor.get(URL, {"kind": "person"}).status_code == 200


def _slowly(execute: Any, sql: str, *rest: Any) -> Any:
    """Let the reading of customers run into the limit that pages have."""
    if 'FROM "customers_customer"' not in sql:
        return execute(sql, *rest)
    with transaction.atomic():
        execute("SET LOCAL statement_timeout = '50ms'", None, False, rest[-1])
        return execute("SELECT pg_sleep(5)", None, False, rest[-1])


def test_paging_says_how_many_there_are(visitor: Client) -> None:
    CustomerFactory.create_batch(26)
    paging = visitor.get(URL).context["paging"]
    assert (paging.shown, paging.count, paging.capped, paging.estimated) == (25, 26, False, False)


def test_chosen_columns_are_shown_and_the_name_always(visitor: Client, run: Run) -> None:
    ranked(run, "Aubert")
    response = visitor.get(URL, {"col": ["rank", "country"]})
    assert [column.label for column in response.context["table"].columns] == ["Name", "Country", "Rank"]


def test_nothing_yet_and_nothing_matches_are_different_words(visitor: Client) -> None:
    assert "No customers yet" in visitor.get(URL).content.decode()
    CustomerFactory()
    page = visitor.get(URL, {"q": "nobody"}).content.decode()
    assert "Nothing matches" in page
    assert "No customers yet" not in page


def test_an_empty_list_offers_only_what_its_reader_may_do(visitor: Client, client: Client) -> None:
    assert reverse("customer-create") not in visitor.get(URL).content.decode()
    client.force_login(user_with("customers.view_customer", "customers.add_customer", "customers.import_customers"))
    page = client.get(URL).content.decode()
    assert page.count(reverse("customer-create")) == page.count(reverse("import-new")) == 2


def test_htmx_is_answered_with_the_results_alone(visitor: Client) -> None:
    CustomerFactory()
    page = visitor.get(URL, headers={"HX-Request": "true"})
    assert 'id="results"' in page.content.decode()
    assert "<html" not in page.content.decode()
    assert "HX-Request" in page["Vary"]
    restored = visitor.get(URL, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


@pytest.mark.parametrize("parameters", [{}, {"sort": "-profit"}, {"q": "name"}, {"category": "2", "sort": "-profit"}])
def test_a_list_costs_the_same_queries_for_few_and_for_many_rows(
    visitor: Client, run: Run, parameters: dict[str, str]
) -> None:
    counts = []
    for size in (25, 50):
        for n in range(30):
            ranked(run, f"Name {n}", n)
        visitor.get(URL, parameters)
        with CaptureQueriesContext(connection) as queries:
            assert len(names(visitor.get(URL, parameters | {"size": size}))) == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_whoever_may_not_see_customers_is_refused(client: Client, db: None) -> None:
    assert client.get(URL).status_code == 302
    client.force_login(user_with())
    assert client.get(URL).status_code == 403


def test_figures_are_for_whoever_may_see_scorecards(client: Client, run: Run) -> None:
    ranked(run, "Aubert", 4321)
    client.force_login(user_with("customers.view_customer"))
    response = client.get(URL, {"sort": "-profit"})
    assert "4,321" not in response.content.decode()
    assert not {column.name for column in FIGURES} & {choice.name for choice in response.context["tools"].choices}


# --- The list as a file -----------------------------------------------------------------------------------------------


def downloaded(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv_holds_the_filtered_ordered_visible_list(visitor: Client, run: Run) -> None:
    for name, profit in (("Low", 5), ("High", "90.50"), ("Negative", -3)):
        ranked(run, name, profit)
    parameters = {"profit_min": "0", "sort": "-profit", "col": "profit", "format": "csv"}
    assert downloaded(visitor.get(URL, parameters)) == [
        ["Name", "Reference", "Profit"],
        ["High", Customer.objects.get(name="High").reference, "90.50"],
        ["Low", Customer.objects.get(name="Low").reference, "5.00"],
    ]


def test_csv_holds_every_page(visitor: Client) -> None:
    CustomerFactory.create_batch(60)
    assert len(downloaded(visitor.get(URL, {"format": "csv"}))) == 61


def test_csv_keeps_a_formula_as_text(visitor: Client) -> None:
    CustomerFactory(name="=1+1", given_name="", city="\t=cmd")
    row = downloaded(visitor.get(URL, {"format": "csv", "col": "city"}))[1]
    assert [row[0], row[2]] == ["'=1+1", "'\t=cmd"]


def test_csv_speaks_the_language_of_the_page(visitor: Client, run: Run) -> None:
    ranked(run, "Aubert", stage=Stage.PROSPECT)
    text = str(downloaded(visitor.get(URL, {"format": "csv"}, headers={"Accept-Language": "fr"})))
    assert "Prospect" in text


def test_xlsx_is_a_workbook(visitor: Client) -> None:
    CustomerFactory()
    response = visitor.get(URL, {"format": "xlsx"})
    assert b"".join(response.streaming_content)[:2] == b"PK"
    assert 'filename="customers.xlsx"' in response["Content-Disposition"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_whoever_may_not_export_gets_no_file(client: Client, db: None, kind: str) -> None:
    client.force_login(user_with("customers.view_customer"))
    assert client.get(URL, {"format": kind}).status_code == 403
    assert client.get(URL).context["tools"].csv_url == ""
