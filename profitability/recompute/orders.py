"""Orders, with what their lines come to. What counts as what is told in `profitability.sources`.

Lines are read as they are and added up here: let the database do that, and it takes half as much time again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np

from crm_site.lib.bulk import BIGINT, INTEGER, SMALLINT, Table, read_columns
from customers.models import Order, Product
from profitability.models.figures import ANONYMOUS
from profitability.recompute.months import THOUSAND, Whole, starts_of
from profitability.recompute.records import QUANTITY, People, Spool, lay_aside, parts_of
from profitability.sources import GROSS_SALES, ORDER_LINES, ORDERS, RETURNS, UNITS


class Sort(IntEnum):
    """What a line is."""

    SOLD = 1  # goods
    DELIVERY = 2  # charged
    DISCOUNT = 3
    RETURNED = 4  # goods sent back
    DELIVERY_RETURNED = 5  # given back
    OTHER = 6


# Added to the sort of a line whose cost is not known.
UNKNOWN_COST = 8
# Cents, a column for each.
AMOUNTS = ("gross", "discounts", "returns", "other", "known_cost", "without_cost")
# What the drivers count, and in which part of a thousandth of their unit.
COUNTED = {ORDERS: ("orders", THOUSAND), ORDER_LINES: ("lines", THOUSAND), RETURNS: ("returned_lines", THOUSAND)}
COUNTED |= {UNITS: ("thousandths", 1), GROSS_SALES: ("gross", THOUSAND // 100)}


@dataclass(frozen=True, kw_only=True)
class Products:
    """The products that are no goods, by number: comparing with a few is faster than asking for each line."""

    others: tuple[int, ...]
    deliveries: tuple[int, ...]
    discounts: tuple[int, ...]

    @classmethod
    def now(cls) -> Self:
        """As they are (1 query)."""
        kinds = dict(Product.objects.exclude(kind=Product.Kind.GOODS).values_list("pk", "kind"))
        return cls(
            others=tuple(sorted(kinds)),
            deliveries=tuple(sorted(number for number, kind in kinds.items() if kind == Product.Kind.DELIVERY)),
            discounts=tuple(sorted(number for number, kind in kinds.items() if kind == Product.Kind.DISCOUNT)),
        )

    def sort(self) -> str:
        """The `Sort` of a line `l`, as SQL."""
        others, deliveries, discounts = (
            ", ".join(map(str, numbers)) or "0" for numbers in (self.others, self.deliveries, self.discounts)
        )
        return f"""
            CASE
                WHEN l.product_id NOT IN ({others}) THEN
                    CASE WHEN l.quantity > 0 THEN {Sort.SOLD:d} ELSE {Sort.RETURNED:d} END
                WHEN l.product_id IN ({deliveries}) THEN
                    CASE WHEN l.quantity > 0 THEN {Sort.DELIVERY:d} ELSE {Sort.DELIVERY_RETURNED:d} END
                WHEN l.product_id IN ({discounts}) THEN {Sort.DISCOUNT:d}
                ELSE {Sort.OTHER:d}
            END
        """


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Some orders, as readers ask for them."""

    products: Products
    drivers: tuple[str, ...]  # codes of those that orders yield
    where: str  # which of `customers_order o`
    of_lines: str  # which of `customers_orderline l`: theirs

    @classmethod
    def everybodys(cls, drivers: Iterable[str]) -> list[Self]:
        """All orders, in parts that several readers share (2 queries)."""
        own, products = tuple(drivers), Products.now()
        return [
            cls(
                products=products,
                drivers=own,
                where=f"o.id BETWEEN {first:d} AND {last:d}",
                of_lines=f"l.order_id BETWEEN {first:d} AND {last:d}",
            )
            for first, last in parts_of(Order._meta.db_table)
        ]

    @classmethod
    def those(cls, where: str, drivers: Iterable[str] = ()) -> Self:
        """The orders `o` for which something holds (1 query)."""
        return cls(
            products=Products.now(),
            drivers=tuple(drivers),
            where=where,
            of_lines=f"l.order_id IN (SELECT o.id FROM customers_order o WHERE {where})",
        )

    def spool(self) -> Spool:
        """Where they are laid aside."""
        return Spool(["place", "day", *AMOUNTS, "lines", *(QUANTITY + code for code in self.drivers)])

    def lay_aside(self, spool: Spool, people: People, *, as_of: int) -> int:
        """Read them up to the day `as_of` (days since 1970), by slice of customers; how many (2 queries)."""
        return lay_aside(self.read(), spool, people, as_of=as_of)

    def read(self) -> Table:
        """Customer, day, amounts, lines sold and drivers of each that has lines (2 queries)."""
        query = (
            f"SELECT o.id, coalesce(o.customer_id, {ANONYMOUS})::bigint AS customer, "
            f"o.ordered_on - DATE '1970-01-01' AS day FROM customers_order o WHERE {self.where}"
        )
        orders = _by("id", read_columns(query, {}, {"id": BIGINT, "customer": BIGINT, "day": INTEGER}))
        number, sums = sums_by_order(_by("order_id", self._lines()))
        of = np.searchsorted(orders["id"], number)
        amounts = {name: sums[name] for name in (*AMOUNTS, "lines")}
        return {"customer": orders["customer"][of], "day": orders["day"][of], **amounts, **self._thousandths(sums)}

    def _lines(self) -> Table:
        thousandths = f"(l.quantity * {THOUSAND})::bigint" if UNITS.code in self.drivers else "0::bigint"
        query = f"""
            SELECT l.order_id, l.gross, l.discount, coalesce(l.cost, 0) AS cost, {thousandths} AS thousandths,
                ({self.products.sort()} + CASE WHEN l.cost IS NULL THEN {UNKNOWN_COST} ELSE 0 END)::smallint AS sort
            FROM customers_orderline l WHERE {self.of_lines}
        """
        cents = dict.fromkeys(("order_id", "gross", "discount", "cost"), BIGINT)
        units = {"thousandths": BIGINT} if UNITS.code in self.drivers else {}
        return read_columns(query, {}, {**cents, **units, "sort": SMALLINT})

    def _thousandths(self, sums: Table) -> Table:
        counted = {driver.code: what for driver, what in COUNTED.items()}
        return {QUANTITY + code: sums[counted[code][0]] * counted[code][1] for code in self.drivers}


def sums_by_order(lines: Table) -> tuple[Whole, Table]:
    """What the lines of each order come to, of lines by ascending order: the orders' numbers, and a column for each of
    AMOUNTS and of what drivers count.

        >>> lines = {"order_id": [7, 7, 9], "sort": [1, 4, 3 + 8], "gross": [1000, -200, 0]}
        >>> lines |= {"discount": [0, 0, 50], "cost": [600, -120, 0]}
        >>> number, sums = sums_by_order({name: np.array(values) for name, values in lines.items()})
        >>> number.tolist(), sums["gross"].tolist(), sums["returns"].tolist(), sums["discounts"].tolist()
        ([7, 9], [1000, 0], [200, 0], [0, 50])
    """
    gross, discount, sort = lines["gross"], lines["discount"], lines["sort"] & (UNKNOWN_COST - 1)
    unknown = (lines["sort"] & UNKNOWN_COST) > 0
    charged, sold, returned = sort <= Sort.DELIVERY, sort == Sort.SOLD, sort == Sort.RETURNED
    given_back = returned | (sort == Sort.DELIVERY_RETURNED)
    of_lines = {
        "gross": np.where(charged, gross, 0),
        "discounts": np.where(charged, discount, np.where(sort == Sort.DISCOUNT, discount - gross, 0)),
        "returns": np.where(given_back, discount - gross, 0),
        "other": np.where(sort == Sort.OTHER, gross - discount, 0),
        "known_cost": lines["cost"],
        "without_cost": np.where(unknown & (sold | returned), gross, 0),
        "lines": sold.astype(np.int64),
        "returned_lines": returned.astype(np.int64),
    }
    if "thousandths" in lines:
        of_lines["thousandths"] = np.where(sold, lines["thousandths"], 0)
    starts = starts_of(lines["order_id"])
    sums = {name: np.add.reduceat(values, starts) if len(starts) else values for name, values in of_lines.items()}
    sums["orders"] = (sums["lines"] > 0).astype(np.int64)
    return lines["order_id"][starts], sums


def _by(name: str, rows: Table) -> Table:
    """By ascending number, as they nearly lie."""
    if (rows[name][1:] >= rows[name][:-1]).all():
        return rows
    order = np.argsort(rows[name], kind="stable")
    return {each: values[order] for each, values in rows.items()}
