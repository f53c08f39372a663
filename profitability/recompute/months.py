"""From records to months: what each customer bought, returned and caused in each month, a slice of customers at a time.

Sums are whole numbers throughout (cents, and thousandths of driver units), so that no order of adding changes a figure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, DATE, DAY_ZERO, INTEGER, Column, Numbers, Table, Vectors
from crm_site.lib.fields import amount_of
from profitability.recompute.records import QUANTITY

Whole = NDArray[np.int64]

THOUSAND = 1000
SALES = ("gross", "discounts", "returns", "other", "cost_of_goods", "direct_costs")
# What is summed up for each customer.
CUSTOMER_SUMS = (
    *SALES,
    "without_cost",  # gross sales of goods whose cost is neither known nor assumed
    "orders",
    "order_days",
    "costed_days",
    "cost_to_serve",
    "order_costs",
    "relation_costs",
)
# Months are numbered from year 0; numpy numbers them from 1970.
BEFORE = 1970 * 12
MONTH_BITS, DAY_BITS = 16, 22
MONTH_MASK = (1 << MONTH_BITS) - 1
NO_DAY = -(2**31)
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Months:
    """One row for each customer and month in which something happened, by customer and month."""

    place: Whole  # of the customer
    month: Whole  # months since year 0
    sales: Mapping[str, Whole]  # cents, the names in SALES
    without_cost: Whole  # cents: gross sales of goods of unknown cost
    orders: Whole
    order_days: Whole
    first_day: Whole  # of an order in the month, days since 1970; NO_DAY without one
    last_day: Whole
    quantities: Sequence[Whole]  # thousandths: a column for each driver of the run

    @property
    def net_revenue(self) -> Whole:
        return self.sales["gross"] - self.sales["discounts"] - self.sales["returns"] + self.sales["other"]


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The records of one slice of customers: orders, and rows that carry drivers or direct costs."""

    orders: Table  # one row for each order: place, day, the amounts, `lines` sold, and its drivers
    others: Sequence[Table]  # place, day, and drivers or `direct_costs`


def sum_months(sources: Sources, drivers: Sequence[str], cost_ratio: float | None) -> Months:
    """The months of a slice. `cost_ratio` is the share of the price taken as cost of goods where that is unknown."""
    orders = sources.orders
    parts = [_summed(orders), *(_summed(rows) for rows in sources.others)]
    # A stable sort merges what is sorted already.
    merged = np.sort(np.concatenate([part.keys for part in parts]), kind="stable")
    keys = merged[starts_of(merged)]
    places = [np.searchsorted(keys, part.keys) for part in parts]
    names = [*SALES[:4], "known_cost", "without_cost", "direct_costs", "orders", "order_days"]
    names += [QUANTITY + code for code in drivers]
    totals = {name: _merged(len(keys), parts, places, name) for name in names}
    days = {name: np.full(len(keys), NO_DAY) for name in ("first_day", "last_day")}
    for name, values in days.items():
        if name in parts[0].sums:
            values[places[0]] = parts[0].sums[name]
    assumed = np.rint(totals["without_cost"] * (cost_ratio or 0.0)).astype(np.int64)
    return Months(
        place=keys >> MONTH_BITS,
        month=keys & MONTH_MASK,
        sales={
            **{name: totals[name] for name in SALES[:4]},
            "cost_of_goods": totals["known_cost"] + assumed,
            "direct_costs": totals["direct_costs"],
        },
        without_cost=totals["without_cost"] if cost_ratio is None else np.zeros_like(assumed),
        orders=totals["orders"],
        order_days=totals["order_days"],
        first_day=days["first_day"],
        last_day=days["last_day"],
        quantities=[totals[QUANTITY + code] for code in drivers],
    )


def table_of(months: Months, drivers: Sequence[str]) -> Table:
    """The months as whole numbers, to be laid aside: the names in `month_columns`."""
    quantities = {QUANTITY + code: values for code, values in zip(drivers, months.quantities, strict=True)}
    counts = {"orders": months.orders, "order_days": months.order_days}
    return {"place": months.place, "month": months.month, **months.sales, **counts, **quantities}


def month_columns(drivers: Sequence[str]) -> list[str]:
    return ["place", "month", *SALES, "orders", "order_days", *(QUANTITY + code for code in drivers)]


def columns_of(months: Table, *, customers: Whole) -> dict[str, Column]:
    """Months that were laid aside, as a partition of `CustomerMonth` holds them; `customers` are the ids by place."""
    quantities = [values / THOUSAND for name, values in months.items() if name.startswith(QUANTITY)]
    return {
        "customer_id": Numbers(BIGINT, customers[months["place"]]),
        **{name: Numbers(BIGINT, months[name]) for name in SALES},
        "quantities": Vectors(quantities),
        "month": Numbers(DATE, first_of(months["month"]) - DAY_ZERO),
        "orders": Numbers(INTEGER, months["orders"]),
        "order_days": Numbers(INTEGER, months["order_days"]),
    }


def starts_of(ordered: NDArray[Any]) -> NDArray[np.intp]:
    """Where each run of equal values begins."""
    if not len(ordered):
        return np.empty(0, np.intp)
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))


def sums_by(place: Whole, values: Whole, count: int) -> Whole:
    """The sum of the values of each place; exact, as floats are for whole numbers below 2 ** 53."""
    return np.rint(np.bincount(place, weights=values, minlength=count)).astype(np.int64)


def month_of(days: NDArray[Any]) -> Whole:
    """The month, numbered from year 0, of days since 1970."""
    return _looked_up(days, lambda each: each.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)) + BEFORE


def first_of(months: NDArray[Any]) -> Whole:
    """The first day, since 1970, of months numbered from year 0."""
    return _looked_up(
        months - BEFORE, lambda each: each.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    )


def _looked_up(values: NDArray[Any], convert: Callable[[NDArray[Any]], Whole]) -> Whole:
    """Converted by a table of all values there can be, which are few beside the many there are."""
    if not len(values):
        return np.empty(0, np.int64)
    first = int(values.min())
    return convert(np.arange(first, int(values.max()) + 1))[values - first]


def money(cents: int) -> Decimal:
    """Whole cents as an amount of the house currency."""
    return amount_of(int(cents))


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days


def month_number(day: date) -> int:
    """The month of a day, numbered from year 0."""
    return day.year * 12 + day.month - 1


def month_date(number: int) -> date:
    """The first day of a month numbered from year 0."""
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True)
class _Part:
    """The sums of one source, by ascending key of customer and month."""

    keys: Whole
    sums: Mapping[str, Whole]


def _summed(rows: Table) -> _Part:
    """The sums of each customer and month, of rows in any order; of orders also on which days there were some."""
    if not len(rows["place"]):
        return _Part(np.empty(0, np.int64), {})
    order = np.argsort((rows["place"] << DAY_BITS) + (rows["day"] - rows["day"].min()))
    day = rows["day"][order]
    keys = (rows["place"][order] << MONTH_BITS) | month_of(day)
    starts = starts_of(keys)
    names = [name for name in rows if name not in ("place", "day")]
    sums = {name: np.add.reduceat(rows[name][order], starts) for name in names}
    if "lines" in rows:
        sums |= _order_days(keys, starts, day, rows["lines"][order] > 0)
    return _Part(keys[starts], sums)


def _order_days(keys: Whole, starts: NDArray[np.intp], day: Whole, bought: NDArray[np.bool_]) -> dict[str, Whole]:
    """Orders of each month and days with an order, of rows by customer and day; several of one day are one day."""
    at = np.flatnonzero(bought)
    another = np.append(True, (keys[at][1:] != keys[at][:-1]) | (day[at][1:] != day[at][:-1]))[: len(at)]
    begun = np.zeros(len(day), np.int64)
    begun[at[another]] = 1
    last = np.maximum.reduceat(np.where(bought, day, NO_DAY), starts)
    first = np.minimum.reduceat(np.where(bought, day, -NO_DAY), starts)
    return {
        "orders": np.add.reduceat(bought.astype(np.int64), starts),
        "order_days": np.add.reduceat(begun, starts),
        "first_day": np.where(last == NO_DAY, NO_DAY, first),
        "last_day": last,
    }


def _merged(count: int, parts: Sequence[_Part], places: Sequence[NDArray[np.intp]], name: str) -> Whole:
    total = np.zeros(count, np.int64)
    for part, at in zip(parts, places, strict=True):
        if name in part.sums:
            total[at] += part.sums[name]
    return total
