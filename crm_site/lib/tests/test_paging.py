"""Every row stands on exactly one page, in either direction, whatever is equal or empty."""

import base64
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db.models import QuerySet

from crm_site.lib.counting import capped_count, expected_rows, table_count
from crm_site.lib.paging import BadCursor, Leading, Order, Sort, read_page
from customers.models import Customer
from customers.models import Order as Purchase
from customers.tests.factories import CustomerFactory, OrderFactory

SORTS = [Sort("sort_key"), Sort("city"), Sort("acquisition_cost", nullable=True)]


@pytest.fixture
def customers(db: None) -> QuerySet[Customer]:
    """Twenty-three customers with many equal names and towns, and a third without an acquisition cost."""
    chance = random.Random(7)
    for n in range(23):
        cost = None if n % 3 == 0 else Decimal(chance.choice([0, 10, 10, 20]))
        CustomerFactory(city=chance.choice(["Lyon", "Metz"]), acquisition_cost=cost)
    return Customer.objects.all()


def pages(rows: QuerySet[Any], order: Order, size: int) -> Iterator[tuple[list[int], str, str]]:
    cursor = ""
    while True:
        page = read_page(rows, order, size=size, cursor=cursor)
        yield [row.pk for row in page.rows], page.previous, page.next
        if not (cursor := page.next):
            return


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.path)
@pytest.mark.parametrize("size", [1, 4, 5, 22, 23, 24])
def test_reading_on_shows_every_row_once_in_order(
    customers: QuerySet[Customer], sort: Sort, size: int, descending: bool
) -> None:
    order = Order(sort, descending)
    read = [pk for page, _, _ in pages(customers, order, size) for pk in page]
    assert read == list(order.apply(customers).values_list("pk", flat=True))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.path)
@pytest.mark.parametrize("size", [1, 4, 5])
def test_reading_back_shows_the_same_pages(
    customers: QuerySet[Customer], sort: Sort, size: int, descending: bool
) -> None:
    order = Order(sort, descending)
    forward = list(pages(customers, order, size))
    for (before, _, _), (_, previous, _) in pairwise(forward):
        assert [row.pk for row in read_page(customers, order, size=size, cursor=previous).rows] == before


def test_the_first_page_has_no_previous_and_the_last_no_next(customers: QuerySet[Customer]) -> None:
    read = list(pages(customers, Order(SORTS[0]), 10))
    assert [(bool(previous), bool(following)) for _, previous, following in read] == [
        (False, True),
        (True, True),
        (True, False),
    ]


def test_rows_added_before_the_page_shift_nothing(customers: QuerySet[Customer]) -> None:
    order = Order(SORTS[0])
    first, second = list(pages(customers, order, 5))[:2]
    CustomerFactory(name="Aaron", given_name="Abel")
    assert [row.pk for row in read_page(customers, order, size=5, cursor=first[2]).rows] == second[0]


def test_reading_back_to_the_beginning_fills_the_first_page(customers: QuerySet[Customer]) -> None:
    order = Order(SORTS[0])
    second = list(pages(customers, order, 5))[1]
    for name in ("Aaron", "Abbas"):
        CustomerFactory(name=name)
    order.apply(customers).first().delete()
    back = read_page(customers, order, size=5, cursor=second[1])
    assert len(back.rows) == 5


def test_a_filter_and_a_place_go_together(customers: QuerySet[Customer]) -> None:
    order = Order(SORTS[2], descending=True)
    lyon = customers.filter(city="Lyon")
    read = [pk for page, _, _ in pages(lyon, order, 3) for pk in page]
    assert sorted(read) == sorted(lyon.values_list("pk", flat=True))


def test_an_empty_list_is_one_empty_page(db: None) -> None:
    page = read_page(Customer.objects.all(), Order(SORTS[0]), size=25)
    assert (page.rows, page.previous, page.next) == ([], "", "")


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "é",
        "%00",
        "A" * 5000,
        cursor(),
        cursor("a", 1),
        cursor("a", 1, 0, 0),
        cursor("a", "1", 0),
        cursor("a", 1.5, 0),
        cursor("a", True, 0),
        cursor("a", -1, 0),
        cursor("a", 2**63, 0),
        cursor(["a"], 1, 0),
        cursor("a\x00", 1, 0),
        cursor("\ud800", 1, 0),
        cursor({}, 1, 0),
    ],
)
def test_a_place_that_cannot_be_read_is_refused(customers: QuerySet[Customer], text: str) -> None:
    with pytest.raises(BadCursor):
        read_page(customers, Order(SORTS[0]), size=5, cursor=text)


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "20260101T", "99999-01-01"])
def test_a_place_must_be_of_the_kind_of_its_column(db: None, text: str) -> None:
    OrderFactory()
    with pytest.raises(BadCursor):
        read_page(Purchase.objects.all(), Order(Sort("ordered_on")), size=5, cursor=cursor(text, 1, 0))


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "-1e400", "10000000000000000"])
def test_a_place_beyond_all_figures_is_refused(customers: QuerySet[Customer], text: str) -> None:
    with pytest.raises(BadCursor):
        read_page(customers, Order(SORTS[2]), size=5, cursor=cursor(text, 1, 0))


def test_counting_stops_at_the_limit(customers: QuerySet[Customer]) -> None:
    exact, capped = capped_count(customers, limit=23), capped_count(customers, limit=22)
    assert (exact.rows, exact.capped, capped.rows, capped.capped) == (23, False, 22, True)


def test_a_small_table_is_counted_exactly(customers: QuerySet[Customer]) -> None:
    count = table_count(Customer)
    assert (count.rows, count.capped, count.estimated) == (23, False, False)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.path)
def test_rows_that_are_sorted_stand_where_the_index_would_put_them(
    customers: QuerySet[Customer], sort: Sort, descending: bool
) -> None:
    by_index, sorted_now = (
        [pk for page, _, _ in pages(customers, Order(sort, descending, by_index=by_index), 4) for pk in page]
        for by_index in (True, False)
    )
    assert by_index == sorted_now


def test_the_database_says_how_many_rows_it_expects_without_reading_them(customers: QuerySet[Customer]) -> None:
    assert expected_rows(customers.filter(pk=1)) == 1


@pytest.mark.parametrize("by_index", [True, False])
@pytest.mark.parametrize("size", [1, 3, 50])
def test_leading_rows_come_first_in_either_direction(customers: QuerySet[Customer], size: int, by_index: bool) -> None:
    Customer.objects.filter(pk__in=customers.values("pk")[5:12]).update(sort_key="~")
    leading = Leading(customers, "~", "\x7f")
    order = Order(Sort("sort_key"), by_index=by_index, leading=leading)
    plain = [
        *customers.filter(sort_key="~").order_by("pk"),
        *customers.exclude(sort_key="~").order_by("sort_key", "pk"),
    ]
    read = list(pages(customers, order, size))
    assert [key for keys, _previous, _next in read for key in keys] == [row.pk for row in plain]
    for (before, _, _), (_, previous, _) in pairwise(read):
        assert [row.pk for row in read_page(customers, order, size=size, cursor=previous).rows] == before
