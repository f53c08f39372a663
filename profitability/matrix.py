"""The customer × product matrix: what each group of customers earns on each product, adding up to the cent both ways.

Pure: no Django, no clock, no database; whole cents and Python's own numbers.

What order lines cause belongs to their product: their net revenue, their cost of goods, and the cost of the drivers
that orders make grow. What belongs to no product (delivery charges, rebates, calls, visits, acquisition) stands in a
column of its own, as what belongs to no customer (anonymous sales, company level) stands in rows of their own.
So every row comes to the profit of its customers, and every column to the profit of its product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum

from profitability.rounding import shared_out

# How far a margin must lie from the average of all products, as a multiple of it, to be called good or mixed.
GOOD, MIXED = 1.25, 0.25
# What takes the average's place where products together earn (almost) nothing: margins are judged against this.
SMALLEST_AVERAGE = 0.05


class Mark(Enum):
    """How a cell earns: the signs that a matrix is read by."""

    GOOD = "++"
    FAIR = "+"
    MIXED = "+/-"
    LOSING = "-"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What is earned somewhere, in whole cents; costs are positive."""

    net_revenue: int = 0
    cost_of_goods: int = 0
    cost_to_serve: int = 0
    direct_costs: int = 0

    @property
    def gross_margin(self) -> int:
        return self.net_revenue - self.cost_of_goods

    @property
    def profit(self) -> int:
        return self.gross_margin - self.cost_to_serve - self.direct_costs

    @property
    def margin(self) -> float | None:
        """Profit as a share of net revenue; None where nothing was sold net."""
        return self.profit / self.net_revenue if self.net_revenue > 0 else None

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.net_revenue + other.net_revenue,
            self.cost_of_goods + other.cost_of_goods,
            self.cost_to_serve + other.cost_to_serve,
            self.direct_costs + other.direct_costs,
        )

    def __sub__(self, other: "Amounts") -> "Amounts":
        return self + Amounts(-other.net_revenue, -other.cost_of_goods, -other.cost_to_serve, -other.direct_costs)

    def __bool__(self) -> bool:
        return self != NOTHING


NOTHING = Amounts()


@dataclass(frozen=True, slots=True)
class Exact:
    """What lines of a product come to, before costs are rounded to cents."""

    net_revenue: int = 0
    cost_of_goods: float = 0.0
    cost_to_serve: float = 0.0

    def __add__(self, other: "Exact") -> "Exact":
        return Exact(
            self.net_revenue + other.net_revenue,
            self.cost_of_goods + other.cost_of_goods,
            self.cost_to_serve + other.cost_to_serve,
        )

    def rounded(self) -> Amounts:
        """To the nearest cent, half to even."""
        return Amounts(self.net_revenue, whole(self.cost_of_goods), whole(self.cost_to_serve))


@dataclass(frozen=True, slots=True)
class Row:
    """One group of customers: a cell for each column, what belongs to no product, and the whole."""

    key: str
    customers: int
    cells: tuple[Amounts, ...]
    no_product: Amounts
    total: Amounts


@dataclass(frozen=True, slots=True)
class Matrix:
    """A finished matrix. Where groups overlap (`overlapping`), rows do not add up to the last one, `total`."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row
    overlapping: bool = False

    @property
    def average(self) -> float:
        """The margin of all products together, which marks are measured by."""
        return average_margin(self.total.cells)

    def row(self, key: str) -> Row | None:
        return next((row for row in (*self.rows, self.total) if row.key == key), None)


@dataclass(frozen=True, slots=True)
class Group:
    """Customers who share a row, with their account and what they bought, by column."""

    key: str
    customers: int
    total: Amounts
    bought: Mapping[str, Exact] = field(default_factory=dict)


TOTAL = "total"


def whole(cents: float) -> int:
    """Half to even, as all money here is rounded."""
    return int(Decimal(cents).quantize(Decimal(1), ROUND_HALF_EVEN))


def column_totals(bought: Mapping[str, Exact]) -> dict[str, Amounts]:
    """The profit of each product over everybody: the same whichever way customers are grouped."""
    return {key: exact.rounded() for key, exact in bought.items()}


def add_up(
    groups: Sequence[Group], columns: Mapping[str, Amounts], *, everybody: Group, overlapping: bool = False
) -> Matrix:
    """The matrix of these groups: cells in whole cents, so that rows and columns come to their totals exactly.

    Cents that rounding leaves in a column go to the largest remainders; what is left of a row is what belongs to no
    product. Groups that overlap are rounded each by itself, since they come to no common total.
    """
    keys = tuple(columns)
    cells = [_rounded(groups, key, None if overlapping else columns[key]) for key in keys]
    rows = tuple(_row(group, tuple(column[at] for column in cells)) for at, group in enumerate(groups))
    return Matrix(keys, rows, _row(everybody, tuple(columns.values())), overlapping)


def _rounded(groups: Sequence[Group], key: str, total: Amounts | None) -> list[Amounts]:
    exact = [group.bought.get(key, Exact()) for group in groups]
    if total is None:
        return [each.rounded() for each in exact]
    goods = _shared([each.cost_of_goods for each in exact], total.cost_of_goods)
    serve = _shared([each.cost_to_serve for each in exact], total.cost_to_serve)
    return [Amounts(each.net_revenue, goods[at], serve[at]) for at, each in enumerate(exact)]


def _shared(exact: Sequence[float], total: int) -> list[int]:
    """Only groups that have something of a column take part in its rounding: an empty cell stays empty."""
    taking_part = [at for at, each in enumerate(exact) if each]
    shares = shared_out([exact[at] for at in taking_part], total)
    parts = [0] * len(exact)
    for at, share in zip(taking_part, shares, strict=True):
        parts[at] = share
    return parts


def _row(group: Group, cells: tuple[Amounts, ...]) -> Row:
    no_product = group.total - sum(cells, NOTHING)
    return Row(group.key, group.customers, cells, no_product, group.total)


def average_margin(cells: Sequence[Amounts]) -> float:
    """Profit over net revenue of these cells together; never less than a small share, which marks are measured by."""
    together = sum(cells, NOTHING)
    return max(together.margin or 0.0, SMALLEST_AVERAGE)


def mark(cell: Amounts, average: float) -> Mark:
    """How a cell earns beside the average of all products.

    `++` from 1.25 times the average margin on, `+` from a quarter of it, `+/-` while no more than a quarter of it is
    lost, `-` below. Sales that came back as a whole are judged by the profit alone.

    >>> mark(Amounts(100, 40), 0.4).value, mark(Amounts(100, 70), 0.4).value, mark(Amounts(100, 120), 0.4).value
    ('++', '+', '-')
    """
    if not cell:
        return Mark.NOTHING
    margin = cell.margin
    if margin is None:
        return Mark.LOSING if cell.profit < 0 else Mark.MIXED
    if margin >= GOOD * average:
        return Mark.GOOD
    if margin >= MIXED * average:
        return Mark.FAIR
    return Mark.MIXED if margin >= -MIXED * average else Mark.LOSING
