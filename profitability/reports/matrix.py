"""What the pages of the customer × product matrix read: a stored matrix, a page of customers, and single cells."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Q, QuerySet

from crm_site.lib.joins import with_keys
from crm_site.lib.paging import SORTED_LIMIT, Order, Sort
from crm_site.lib.remembered import Lately
from crm_site.lib.written import Blank, written
from customers.forms import members_of
from customers.models import Customer, OrderLine, Product, Run, Scorecard, Segment
from customers.models.customer import CustomerQuerySet
from profitability.matrix import TOTAL, Amounts, Exact, Group, Matrix, Row, add_up
from profitability.matrix_actions import basis_of, column_of, kept_purchases
from profitability.matrix_statements import Bought, Statement, bought_by_customers, keys_found, latest_in_sql
from profitability.matrix_totals import ANONYMOUS_ROW, NO_FAMILY, OTHERS, MatrixTotals
from profitability.reports.dashboard import ranked
from profitability.reports.matrix_names import CUSTOMERS, column_names, row_names, visible_segments
from profitability.reports.runs import Published
from profitability.totals import ranked_before

CUSTOMERS_SHOWN = 25
LINES_SHOWN = 15
# A cell's latest lines are looked for among so many orders, so that a rare product never reads all of them.
ORDERS_SEARCHED = 20_000
ON_A_LINE = (
    *("quantity", "gross", "discount", "cost", "product__sku", "product__name", "order__number", "order__ordered_on"),
    *("order__customer__name", "order__customer__given_name"),
)
# The fields that groups are made by, besides segments.
OF_SCORECARD = ("category", "stage")
OF_CUSTOMER = {"kind": "kind", "country": "country", "town": "city", "owner": "owner_id", "source": "source_id"}


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of the matrix is looked at: what rows and columns are, and a group that customers are taken from."""

    rows: str
    columns: str
    of_rows: str = ""  # for single customers: the group that they belong to
    of: str = ""
    from_rank: int = 1


@dataclass(frozen=True, slots=True)
class Named:
    """A matrix with the names of its rows and columns."""

    place: Place
    matrix: Matrix
    rows: dict[str, str]
    columns: dict[str, str]
    average: float  # margin of all products over everybody, which signs are measured by
    next_rank: int | None = None  # for single customers: where the next page begins


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell and what stands around it."""

    row: Row
    column: str
    amounts: Amounts
    average: float


def best_columns(totals: MatrixTotals) -> str:
    """Families where goods have some, else products."""
    families = totals.of("category", "family")
    told = [key for key in families.columns if key not in (NO_FAMILY, OTHERS)] if families else []
    return "family" if told else "product"


def matrix_at(
    place: Place, published: Published, totals: MatrixTotals, user: AbstractUser | AnonymousUser
) -> Named | None:
    """The matrix at a place, with names (2 queries, 4 more for single customers); None for one that is not there."""
    if place.rows == CUSTOMERS:
        return _of_customers(place, published, totals, user)
    matrix = totals.of(place.rows, place.columns)
    if matrix is None:
        return None
    if place.rows == "segment":
        seen = visible_segments(user)
        matrix = replace(matrix, rows=tuple(row for row in matrix.rows if row.key in seen))
    keys = [row.key for row in matrix.rows]
    names = column_names(place.columns, matrix.columns)
    return Named(place, matrix, row_names(place.rows, keys), names, matrix.average)


def named_matrices(totals: MatrixTotals) -> list[Named]:
    """Every stored matrix with names, for whoever may see all of them (2 queries each at most)."""
    return [
        Named(
            Place(rows, columns),
            matrix,
            row_names(rows, [row.key for row in matrix.rows]),
            column_names(columns, matrix.columns),
            matrix.average,
        )
        for (rows, columns), matrix in totals.matrices.items()
    ]


def _of_customers(
    place: Place, published: Published, totals: MatrixTotals, user: AbstractUser | AnonymousUser
) -> Named | None:
    """A page of customers of one group (or of all), by rank; the others of the group stand together in a last row."""
    around = totals.of(place.of_rows or "category", place.columns)
    group = around.row(place.of or TOTAL) if around else None
    if around is None or group is None:
        return None
    found = _page(place, group.customers, published, user)
    shown, more = found[:CUSTOMERS_SHOWN], found[CUSTOMERS_SHOWN:]
    groups = customer_groups(shown, published, place.columns, around.columns)
    cells = dict(zip(around.columns, group.cells, strict=True))
    whole = Group(TOTAL, group.customers, group.total)
    matrix = add_up(groups, cells, everybody=whole, overlapping=True)
    matrix = replace(matrix, rows=(*matrix.rows, _rest(matrix)), overlapping=False)
    names = {str(customer.pk): customer.full_name for customer in shown}
    return Named(
        place,
        matrix,
        row_names(CUSTOMERS, []) | names | {OTHERS: _rest_name()},
        column_names(place.columns, matrix.columns),
        around.average,
        more[0].rank if more else None,  # type: ignore[attr-defined]
    )


def _rest_name() -> str:
    return row_names(CUSTOMERS, [])[OTHERS]


def _rest(matrix: Matrix) -> Row:
    """What the rows shown leave of the last one."""
    total, shown = matrix.total, matrix.rows
    cells = tuple(cell - sum((row.cells[at] for row in shown), Amounts()) for at, cell in enumerate(total.cells))
    whole = total.total - sum((row.total for row in shown), Amounts())
    return Row(OTHERS, total.customers - len(shown), cells, whole - sum(cells, Amounts()), whole)


def _page(place: Place, members: int, published: Published, user: AbstractUser | AnonymousUser) -> list[Customer]:
    """A page of the customers of a group, of whom there are about so many members (1 query)."""
    run, first, visible = published.run, place.from_rank, Customer.objects.visible_to(user)
    by_scorecard = place.of_rows in OF_SCORECARD and place.of not in ("", OTHERS, TOTAL)
    if by_scorecard and place.of_rows == "category":
        known = {total.category: total.customers for total in published.totals.categories}
        first = max(first, ranked_before(place.of, known) + 1)
    # Among many, the index on ranks soon meets some of them; few are found and sorted sooner.
    by_rank = Order(Sort("place"), by_index=members > SORTED_LIMIT)

    def rows() -> CustomerQuerySet:
        customers = ranked(in_group(visible, place.of_rows, place.of, run), run).filter(place__gte=Blank("first"))  # type: ignore[misc]
        if by_scorecard:
            customers = customers.filter(**{place.of_rows: place.of})
        return customers.order_by(by_rank.value)[: CUSTOMERS_SHOWN + 1]

    question = ("single customers", run.pk, run.scorecards_of_id, place.of_rows, place.of, by_rank.by_index)
    alike = not visible.query.where and (by_scorecard or not place.of_rows)  # for all who see everybody
    return written(question, rows, alike=alike).read(first=run.place_of(first))


def members_of_group(visible: CustomerQuerySet, by: str, key: str, run: Run) -> QuerySet[Any, Any]:
    """The numbers of those customers of a group whom the reader may see (1 query for a segment)."""
    if by not in OF_SCORECARD or key in (OTHERS, TOTAL):
        return in_group(visible, by, key, run).values("pk")
    cards = Scorecard.objects.in_run(run).filter(**{by: key or None}).values("customer")
    # Whoever sees everybody needs no look at customers besides.
    return visible.filter(pk__in=cards).values("pk") if visible.query.where else cards


def in_group(customers: CustomerQuerySet, by: str, key: str, run: Run) -> CustomerQuerySet:
    """The customers of a group (1 query for a segment).

    Category and stage are the scorecard's: whoever has these at hand narrows by them.
    """
    if not by or by in OF_SCORECARD or key in (OTHERS, TOTAL):
        return customers
    if by == "segment":
        segment = Segment.objects.filter(pk=key).first() if key.isdigit() else None
        return customers.filter(pk__in=members_of(segment, run).values("pk")) if segment else customers.none()
    return customers.filter(**{OF_CUSTOMER[by]: key if key or by in ("kind", "country", "town") else None})


def customer_groups(
    customers: Sequence[Customer], published: Published, by: str, columns: Sequence[str]
) -> list[Group]:
    """What each of these customers bought (1 query where the run kept it of all of them, else 4).

    Of those with few orders straight from their order lines.
    """
    bought = kept_purchases(published.run, [customer.pk for customer in customers])
    others = [customer.pk for customer in customers if str(customer.pk) not in bought]
    if others:
        products = [int(key) for key in columns if key.isdigit()] if by == "product" else []
        basis = basis_of(published.run, published.totals, products)
        for each in bought_by_customers(basis, others):
            bought.setdefault(each.key, []).append(each)
    return [_customer_group(customer, bought.get(str(customer.pk), ()), by, columns) for customer in customers]


def _customer_group(customer: Customer, lines: Sequence[Bought], by: str, columns: Sequence[str]) -> Group:
    found: dict[str, Exact] = {}
    for bought in lines:
        key = column_of(by, bought)
        key = key if key in columns else OTHERS
        found[key] = found.get(key, Exact()) + bought.exact
    return Group(str(customer.pk), 1, _account(customer), found)


def _account(customer: Customer) -> Amounts:
    """The account of a customer who has the figures of a run as attributes."""
    names = ("net_revenue", "gross_margin", "cost_to_serve", "direct_costs")
    net, margin, serve, direct = (int(getattr(customer, name).scaleb(2)) for name in names)
    return Amounts(net, net - margin, serve, direct)


def cell_of(named: Named, row_key: str, column: str) -> Cell | None:
    """One cell; the empty column is what belongs to no product. None for one that is not there (no query)."""
    matrix = named.matrix
    row = matrix.row(row_key)
    if row is None or (column and column not in matrix.columns):
        return None
    amounts = row.cells[matrix.columns.index(column)] if column else row.no_product
    return Cell(row, column, amounts, named.average)


# By run and cell: what finds the latest lines, as it is the same for all who see everybody.
WALKS: Lately[tuple[Hashable, ...], Statement] = Lately(seconds=600, most=200)


def latest_lines(named: Named, cell: Cell, run: Run, visible: CustomerQuerySet) -> list[OrderLine]:
    """The latest order lines of a cell, among the latest orders of all (2 queries, 1 more for a segment)."""
    place, key, columns = named.place, cell.row.key, named.matrix.columns

    def walk() -> Statement:
        lines = _goods(OrderLine.objects.filter(_of_column(place.columns, cell.column, columns)))
        members = None if key == ANONYMOUS_ROW else members_of_group(visible, place.rows, key, run)
        return latest_in_sql(lines, members, orders=ORDERS_SEARCHED, wanted=LINES_SHOWN)

    question = (run.pk, run.scorecards_of_id, place.rows, key, place.columns, cell.column, columns)
    alike = not visible.query.where and place.rows != "segment"  # the conditions of a segment change
    keys = keys_found((WALKS.told(question) or WALKS.keep(question, walk())) if alike else walk())
    shown = written("lines of a cell", lambda: _latest(with_keys(OrderLine.objects.all(), Blank("keys"))))
    return shown.read(keys=keys)


def lines_of_customer(customer_id: int, by: str, column: str, columns: Sequence[str]) -> QuerySet[OrderLine]:
    """The latest order lines of one customer in a column (1 query)."""
    return _latest(OrderLine.objects.filter(order__customer=customer_id).filter(_of_column(by, column, columns)))


def _latest(lines: QuerySet[OrderLine]) -> QuerySet[OrderLine]:
    return (
        _goods(lines)
        .select_related("order__customer", "product")
        .only(*ON_A_LINE)
        .order_by("-order__ordered_on", "-order_id", "pk")[:LINES_SHOWN]
    )


def _goods(lines: QuerySet[OrderLine]) -> QuerySet[OrderLine]:
    return lines.filter(product__kind=Product.Kind.GOODS)


def _of_column(by: str, column: str, columns: Sequence[str]) -> Q:
    field = "product" if by == "product" else "product__family"
    if column == NO_FAMILY:
        return Q(product__family=None)
    if column == OTHERS:
        return ~Q(**{f"{field}__in": [int(key) for key in columns if key.isdigit()]})
    return Q(**{field: int(column)}) if column else Q()
