"""The advanced filter on the customer list: its words, what hangs on the address, and the form that makes it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from crm_site.lib.accounts.models import User
from customers.models import Customer, Run, SavedView
from customers.selection import Selection
from customers.tests.conftest import READING
from customers.tests.factories import (
    CompanyFactory,
    CustomerFactory,
    CustomFieldFactory,
    RunFactory,
    ScorecardFactory,
    UserFactory,
    user_with,
)
from customers.tests.test_customer_list import downloaded, names

pytestmark = pytest.mark.django_db
URL, FORM = "/customers/", "/customers/filter/"
LOSING = "profit:most:0;any(city:is:Lyon;city:is:Metz)"
EDITING = (*READING, "customers.change_many_customers", "customers.change_customer", "customers.merge_customer")


def signed_in(client: Client, *permissions: str, **fields: Any) -> User:
    CompanyFactory()
    user = user_with(*permissions, **fields)
    client.force_login(user)
    return user


def where_in(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("where", [""])[0]


# --- The list ---------------------------------------------------------------------------------------------------------


def test_the_address_narrows_the_list_and_says_so_in_chips(visitor: Client, three_customers: Any) -> None:
    response = visitor.get(URL, {"where": LOSING, "kind": "person", "sort": "-profit"})
    assert names(response) == ["Loss"]
    chips = [(chip.label, chip.value) for chip in response.context["filters"].chips]
    assert chips == [("Kind", "Person"), ("Profit", "at most €0"), ("", "Town is Lyon or Town is Metz")]


def test_each_chip_takes_its_own_piece_away(visitor: Client, three_customers: Any) -> None:
    response = visitor.get(URL, {"where": LOSING, "kind": "person"})
    kept = [where_in(chip.remove_url) for chip in response.context["filters"].chips]
    assert kept == [LOSING, "any(city:is:Lyon;city:is:Metz)", "profit:most:0"]
    assert names(visitor.get(URL + response.context["filters"].chips[1].remove_url)) == ["Gain", "Loss"]


def test_an_address_stays_readable(visitor: Client, three_customers: Any) -> None:
    response = visitor.get(URL, {"where": "city:in:Lyon,Gap;profit:most:0"})
    column = response.context["table"].columns[0]
    assert column.sort_url == "?where=city:in:Lyon,Gap;profit:most:0&sort=-name"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("profit:most:lots", "“lots” is no number"),
        ("colour:is:red", "There is no field “colour”"),
        ("profit:contains:5", "Profit cannot be compared by “contains”"),
        ("profit:between:5", "Give both values"),
        ("profit:between:5,1", "must not be above"),
        ("city:is", "A value is missing"),
        ("owner:is:999999", "cannot be chosen"),
        ("last_order_on:after:2026-02-30", "is no day"),
        ("last_order_on:last:0", "number of days from 1"),
        ("order_count:least:1.5", "is no whole number"),
        ("any(profit:most:0", "do not match"),
        ("profit", "is no condition"),
        ("a\x00b", "Null characters"),
        ("profit:most:99999999999999999999", "is no number"),
    ],
)
def test_a_broken_piece_is_said_in_words_and_nobody_is_listed(
    visitor: Client, three_customers: Any, where: str, said: str
) -> None:
    response = visitor.get(URL, {"where": where})
    assert response.status_code == 200
    assert names(response) == []
    assert said in " ".join(response.context["faults"])
    assert "No customers yet" not in response.content.decode()


def test_every_broken_piece_is_said(visitor: Client, three_customers: Any) -> None:
    faults = visitor.get(URL, {"where": "profit:most:x;colour:is:red"}).context["faults"]
    assert len(faults) == 3
    assert faults[-1] == "No customer is listed until the advanced filter is mended or removed."


def test_figures_are_no_fields_for_whoever_may_not_see_them(client: Client, three_customers: Any) -> None:
    signed_in(client, "customers.view_customer", "customers.see_all_customers")
    response: Any = client.get(URL, {"where": "profit:most:0"})
    assert (names(response), "There is no field “profit”" in response.context["faults"][0]) == ([], True)
    assert "percentile" not in client.get(FORM).content.decode()


def test_a_filter_never_shows_customers_of_others(client: Client, three_customers: Any) -> None:
    user = signed_in(client, "customers.view_customer")
    Customer.objects.update(owner=UserFactory())
    mine = CustomerFactory(name="Mine", given_name="", city="Lyon", owner=user)
    assert names(client.get(URL, {"where": "city:is:Lyon"})) == [str(mine)]
    assert "1 customer matches." in client.get(FORM, {"where": "city:is:Lyon"}).content.decode()


def test_before_the_first_run_figures_are_no_fields(client: Client) -> None:
    signed_in(client, *READING)
    RunFactory(is_current=False)
    assert "There is no field" in " ".join(client.get(URL, {"where": "profit:most:0"}).context["faults"])


def test_a_filtered_list_costs_the_same_queries_for_few_and_for_many_rows(visitor: Client, run: Run) -> None:
    CustomFieldFactory(code="tier")
    counts = []
    for _ in range(2):
        for customer in CustomerFactory.create_batch(15, custom={"tier": "Gold"}):
            ScorecardFactory(run=run, customer=customer, profit=5)
        parameters = {"where": "custom_tier:is:gold;profit:least:1;last_contact:empty;tags:empty"}
        visitor.get(URL, parameters)
        with CaptureQueriesContext(connection) as queries:
            visitor.get(URL, parameters)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


# --- What takes the address -------------------------------------------------------------------------------------------


def test_a_file_holds_what_the_filter_finds(visitor: Client, three_customers: Any) -> None:
    response = visitor.get(URL, {"where": LOSING, "format": "csv", "col": "city"})
    ((name, *_others, town),) = downloaded(response)[1:]
    assert (name, town) == ("Loss", "Lyon")


def test_a_filter_that_cannot_be_used_is_not_downloaded(visitor: Client, three_customers: Any) -> None:
    for parameters in ({"where": "profit:most:x"}, {"kind": "robot"}):
        response = visitor.get(URL, parameters | {"format": "csv"})
        assert "text/html" in response["Content-Type"]
        assert "Nothing was downloaded" in response.content.decode()


def test_totals_are_those_of_the_filter(visitor: Client, three_customers: Any) -> None:
    page = visitor.get("/customers/totals/", {"where": "city:is:Lyon"}).content.decode()
    assert "€200" in page


def test_what_cannot_be_used_adds_up_to_nobody(visitor: Client, three_customers: Any, run: Run) -> None:
    account = {"net_revenue": "500.00", "profit": "70.00"}
    run.totals = {"customers": 3, "statement": account, "prospects_statement": account, "customer_equity": None}
    run.save()
    (customers,) = visitor.get("/customers/totals/", {"where": "city:is"}).context["totals"].facts
    assert customers.value == "0"


@pytest.mark.parametrize("query", ["where=profit:most:x", "where=any(", "kind=robot", "profit_max=a+lot"])
def test_nobody_is_changed_where_a_filter_cannot_be_used(client: Client, three_customers: Any, query: str) -> None:
    user = signed_in(client, *EDITING)
    sent = {"action": "tag", "list": Selection(query).signed(user), "scope": "all"}
    response: Any = client.post("/customers/bulk/", sent, follow=True)
    assert "Nothing was changed" in response.content.decode()
    counted = Selection(query, None, 3).signed(user)
    client.post("/customers/bulk/", {"action": "tag", "selection": counted, "tag": "x"})
    assert not Customer.objects.exclude(tags=None).exists()


def test_many_are_changed_by_the_filter(client: Client, three_customers: Any) -> None:
    user = signed_in(client, *EDITING)
    counted = Selection(f"where={LOSING}", None, 1).signed(user)
    client.post("/customers/bulk/", {"action": "tag", "selection": counted, "tag": "Losing"})
    assert [str(each) for each in Customer.objects.exclude(tags=None)] == ["Loss"]


def test_a_saved_view_keeps_the_filter(visitor: Client, three_customers: Any, reader: User) -> None:
    sent = {"list_name": "customers", "query": f"where={LOSING}&sort=-profit", "name": "Losing"}
    opened: Any = visitor.post("/views/new/", sent, follow=True)
    assert names(opened) == ["Loss"]
    assert SavedView.objects.get().query == f"sort=-profit&where={LOSING}"


def test_files_are_turned_over_along_the_filtered_list(visitor: Client, three_customers: Any) -> None:
    came_from = "http://testserver/customers/?where=city:is:Lyon&sort=name"
    visitor.get(f"/customers/{three_customers['Gain'].pk}/", headers={"Referer": came_from})
    following = visitor.get(f"/customers/{three_customers['Gain'].pk}/next/")
    assert following["Location"] == three_customers["Loss"].get_absolute_url()
    ended = visitor.get(f"/customers/{three_customers['Loss'].pk}/next/")
    assert ended["Location"] == three_customers["Loss"].get_absolute_url()


# --- Two customers that are one ---------------------------------------------------------------------------------------


def test_two_ticked_customers_are_compared_to_be_merged(client: Client, three_customers: Any) -> None:
    user = signed_in(client, *EDITING)
    both = sorted([three_customers["Loss"].pk, three_customers["Far"].pk])
    sent = {"action": "merge", "list": Selection("").signed(user), "scope": "rows", "row": both}
    assert client.post("/customers/bulk/", sent)["Location"] == f"/customers/{both[0]}/merge/{both[1]}/"


@pytest.mark.parametrize("wanted", [["Loss"], ["Loss", "Gain", "Far"]])
def test_more_or_fewer_than_two_are_not_merged(client: Client, three_customers: Any, wanted: list[str]) -> None:
    user = signed_in(client, *EDITING)
    sent = {"action": "merge", "list": Selection("").signed(user), "row": [three_customers[name].pk for name in wanted]}
    page = client.post("/customers/bulk/", sent, follow=True).content.decode()
    assert "Tick exactly two customers to merge them." in page


def test_whoever_may_not_merge_is_refused(client: Client, three_customers: Any) -> None:
    user = signed_in(client, *READING, "customers.change_many_customers")
    sent = {
        "action": "merge",
        "list": Selection("").signed(user),
        "row": [three_customers["Loss"].pk, three_customers["Far"].pk],
    }
    assert client.post("/customers/bulk/", sent).status_code == 403


# --- The form ---------------------------------------------------------------------------------------------------------


def sent(*rows: tuple[str, str, Any], **others: Any) -> dict[str, Any]:
    """The form with one group, as a browser sends it."""
    data: dict[str, Any] = {"whole": "all", "g0": "all"}
    for place, (name, operator, typed) in enumerate(rows):
        data |= {f"g0r{place}": name, f"g0r{place}o": operator, f"g0r{place}v": typed}
    return data | others


def test_a_condition_is_added_by_a_button_and_asked_for_by_another(visitor: Client, three_customers: Any) -> None:
    page: Any = visitor.post(FORM, sent(do="add-0", g0new="profit", query="kind=person&sort=-profit"))
    (row,) = page.context["builder"].groups[0].rows
    assert (row.label, row.operator, row.control) == ("Profit", "least", "decimal")
    asked = sent(("profit", "most", "0"), do="apply", query="kind=person&sort=-profit&after=x&where=city:empty")
    assert visitor.post(FORM, asked)["Location"] == "/customers/?kind=person&sort=-profit&where=profit:most:0"


def test_the_form_begins_with_the_filter_of_the_address(visitor: Client, three_customers: Any) -> None:
    page: Any = visitor.get(FORM, {"where": LOSING, "kind": "person"})
    builder = page.context["builder"]
    assert [(group.joint, len(group.rows)) for group in builder.groups] == [("all", 1), ("any", 2)]
    assert page.context["conditions"] == [("Kind", "Person")]
    assert page.context["builder_words"] == "Profit at most €0 and (Town is Lyon or Town is Metz)"
    assert "1 customer matches." in page.content.decode()


def test_groups_and_rows_are_taken_away_and_added(visitor: Client, three_customers: Any) -> None:
    rows = [("city", "is", "Lyon"), ("city", "in", "Metz\nGap")]
    page: Any = visitor.post(FORM, sent(*rows, do="remove-0-0"))
    assert [row.typed for row in page.context["builder"].groups[0].rows] == [("Metz", "Gap")]
    page = visitor.post(FORM, sent(*rows, do="group"))
    assert [len(group.rows) for group in page.context["builder"].groups] == [2, 0]
    page = visitor.post(FORM, sent(*rows, do="drop-0"))
    assert [len(group.rows) for group in page.context["builder"].groups] == [0]


@pytest.mark.parametrize(
    "button", ["add-9", "remove-7-7", "drop-5", "nonsense", "add-", "remove-0-x", "add--1", "add-²"]
)
def test_a_button_that_is_not_there_changes_nothing(visitor: Client, three_customers: Any, button: str) -> None:
    page: Any = visitor.post(FORM, sent(("city", "is", "Lyon"), do=button))
    assert (page.status_code, len(page.context["builder"].groups[0].rows)) == (200, 1)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("profit", "least", "a lot"), "is no number"),
        (("profit", "least", "1,23"), "is no number"),
        (("profit", "between", ["5", ""]), "Give both values"),
        (("city", "is", " "), "A value is missing"),
        (("created", "last", "x"), "is no number"),
        (("last_order_on", "after", "31/31/2026"), "is no day"),
        (("colour", "is", "red"), "cannot be used"),
        (("owner", "in", "77777"), "cannot be chosen"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_its_row(
    visitor: Client, three_customers: Any, row: tuple[str, str, Any], said: str
) -> None:
    page: Any = visitor.post(FORM, sent(row, do="apply"))
    assert page.status_code == 422
    assert said in page.context["builder"].groups[0].rows[0].fault
    assert said in page.content.decode()


@pytest.mark.parametrize(
    ("language", "typed", "kept"),
    [
        ("en", "1,234.50", "1234.50"),
        ("fr", "1 234,50", "1234.50"),
        ("fr", "-0,5", "-0.5"),
        ("fr", "1\u202f234", "1234"),
        ("en", "−12", "-12"),
    ],
)
def test_numbers_are_typed_as_the_language_writes_them(
    visitor: Client, three_customers: Any, language: str, typed: str, kept: str
) -> None:
    asked = sent(("profit", "least", typed), do="apply")
    response = visitor.post(FORM, asked, headers={"Accept-Language": language})
    assert where_in(response["Location"]) == f"profit:least:{kept}"
    with override("en"):  # what was asked in another language is no language of the test
        shown: Any = visitor.get(FORM, {"where": "profit:least:0.5"}, headers={"Accept-Language": language})
    assert shown.context["builder"].groups[0].rows[0].inputs == ["0,5" if language == "fr" else "0.5"]


def test_days_are_typed_day_first_too(visitor: Client, three_customers: Any) -> None:
    response = visitor.post(FORM, sent(("created", "after", "31/12/2025"), do="apply"))
    assert where_in(response["Location"]) == "created:after:2025-12-31"


def test_scripts_are_answered_with_the_rows_alone(visitor: Client, three_customers: Any) -> None:
    page = visitor.post(FORM, sent(("city", "is", "Lyon"), do="update"), headers={"HX-Request": "true"})
    assert 'id="builder"' in page.content.decode()
    assert "<html" not in page.content.decode()


def test_a_broken_address_opens_an_empty_form_that_says_why(visitor: Client, three_customers: Any) -> None:
    page: Any = visitor.get(FORM, {"where": "any(profit"})
    assert page.status_code == 200
    assert "do not match" in page.content.decode()
    assert [len(group.rows) for group in page.context["builder"].groups] == [0]
