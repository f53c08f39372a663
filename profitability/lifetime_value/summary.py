"""From purchases to what the models read: (x, t_x, T, m) per customer, and equal rows counted once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from profitability.lifetime_value.errors import LifetimeValueError

DAYS_PER_WEEK = 7
COLUMNS = ("customer", "date", "value")
LARGEST_KEY = 2**62
MOST_LEVELS = 100_000

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One entry per customer, by ascending id. Unpacks as `x, t_x, T, m = summarise(...)`."""

    customers: NDArray[Any]  # the ids
    x: Integers  # repeat orders: days with a purchase, less the first
    t_x: Floats  # weeks from the first to the last order
    T: Floats  # weeks from the first order to the end of observation
    m: Floats  # mean value of the orders counted in `orders`; 0 when there are none
    orders: Integers  # how many orders m is the mean of

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.x, self.t_x, self.T, self.m))


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The distinct (x, t_x, T), sorted, with the number of customers who share each."""

    x: Integers
    t_x: Floats
    T: Floats
    count: Integers


@dataclass(frozen=True, kw_only=True)
class Triples(Tally):
    """The same, and who has which."""

    inverse: Integers  # for each customer, which triple is theirs

    def spread(self, per_triple: NDArray[Any]) -> NDArray[Any]:
        """One entry per triple to one per customer."""
        return per_triple[self.inverse]

    @cached_property
    def ages(self) -> tuple[Floats, Integers]:
        """The distinct T, ascending, and for every triple which one it has."""
        ages, place = np.unique(self.T, return_inverse=True)
        return ages, place

    @cached_property
    def by_frequency(self) -> list[tuple[int, Integers]]:
        """Each distinct x with the triples that have it."""
        return rows_by(self.x)


def summarise(transactions: Any, end: Any, *, value_of: Literal["repeat", "all"] = "repeat") -> Summary:
    """Summarise purchases up to and including `end`.

    `transactions`: a DataFrame, a mapping or a structured array with the columns `customer`, `date` and `value` (under
    other names, its first three columns in that order); or a tuple of those three arrays. Dates are dates, datetimes,
    numpy datetimes or ISO text, in the company's own zone; or whole day numbers, and then `end` is one too.

    Orders of one customer on one day count as one, and their values add up. Weeks are days / 7, unrounded. `m` is the
    mean value of the repeat orders, or of all orders. Customers whose first order lies after `end` are left out.
    """
    ids, days, values, last_day = _read(transactions, end)
    seen = days <= last_day
    if not seen.any():
        raise LifetimeValueError("no_orders", "There is no order up to the end date.")
    customers, owner = np.unique(ids[seen], return_inverse=True)
    origin = int(days[seen].min())
    span = last_day - origin + 1
    keys, order_of = np.unique(owner * span + (days[seen] - origin), return_inverse=True)
    order_owner, order_day = keys // span, keys % span
    order_value = np.bincount(order_of, weights=values[seen])
    orders = np.bincount(order_owner)
    last = np.cumsum(orders) - 1
    first = last - orders + 1
    spent = np.add.reduceat(order_value, first)
    counted, worth = (orders, spent) if value_of == "all" else (orders - 1, spent - order_value[first])
    return Summary(
        customers=customers,
        x=orders - 1,
        t_x=(order_day[last] - order_day[first]) / DAYS_PER_WEEK,
        T=(span - 1 - order_day[first]) / DAYS_PER_WEEK,
        m=np.divide(worth, counted, out=np.zeros(len(orders)), where=counted > 0),
        orders=counted,
    )


def collapse(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Triples:
    """Check (x, t_x, T) and count equal rows once: a million customers share a few thousand rows per cohort."""
    frequency, recency, age = checked(x, t_x, T)
    index, inverse, count = distinct(frequency, recency, age)
    return Triples(x=frequency[index], t_x=recency[index], T=age[index], count=count, inverse=inverse)


def tally(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Tally:
    """`collapse` without saying who has which: it sorts plain numbers, at a fraction of the cost."""
    frequency, recency, age = checked(x, t_x, T)
    all_x, of_x = levels(frequency.astype(np.float64), per_unit=1)
    all_t, of_t = levels(recency)
    all_T, of_T = levels(age)
    if len(all_x) * len(all_t) * len(all_T) >= LARGEST_KEY:
        return collapse(x, t_x, T)
    keys = np.sort((of_x * len(all_t) + of_t) * len(all_T) + of_T)
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    rest, of_T = np.divmod(keys[starts], len(all_T))
    of_x, of_t = np.divmod(rest, len(all_t))
    count = np.diff(starts, append=len(keys))
    return Tally(x=all_x[of_x].astype(np.int64), t_x=all_t[of_t], T=all_T[of_T], count=count)


def levels(column: Floats, per_unit: int = DAYS_PER_WEEK) -> tuple[Floats, Integers]:
    """Ascending values of a column, and for every entry which one it is.

    Whole days need no sorting for that: the values are then all days up to the last, taken or not.
    """
    steps = np.rint(column * per_unit)
    if steps.max(initial=0) < MOST_LEVELS and np.array_equal(steps / per_unit, column):
        return np.arange(int(steps.max(initial=0)) + 1) / per_unit, steps.astype(np.int64)
    values, codes = np.unique(column, return_inverse=True)
    return values, codes


def numbered(keys: Integers, span: int) -> tuple[Integers, Integers]:
    """The whole numbers below `span` that occur, ascending, and for each entry the place of its own.

    Without sorting, where a list of all of them is not much longer than the entries.
    """
    if span > 4 * len(keys) + MOST_LEVELS:
        values, places = np.unique(keys, return_inverse=True)
        return values, places
    occurs = np.zeros(span, dtype=bool)
    occurs[keys] = True
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[keys]


def rows_by(column: NDArray[Any]) -> list[tuple[int, Integers]]:
    """Each distinct whole number with the rows that have it."""
    order = np.argsort(column, kind="stable")
    values, starts = np.unique(column[order], return_index=True)
    return list(zip(values.tolist(), np.split(order, starts)[1:], strict=True))


def distinct(*columns: NDArray[Any]) -> tuple[Integers, Integers, Integers]:
    """Equal rows once: the place of one of each, for every row the number of its like, and how many there are."""
    key = _codes(columns[0])
    for column in columns[1:]:
        key = _combined(key, _codes(column))
    _, index, inverse, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return index, inverse, count


def checked(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> tuple[Integers, Floats, Floats]:
    """The three columns as arrays of one length, or a refusal that says what is wrong."""
    try:
        columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in (x, t_x, T)))
    except ValueError as error:
        raise LifetimeValueError("lengths_differ", "x, t_x and T must be numbers, one of each per customer.") from error
    frequency, recency, age = columns
    if not all(np.isfinite(column).all() for column in columns):
        raise LifetimeValueError("not_finite", "x, t_x and T must be finite numbers.")
    if (frequency < 0).any() or (frequency != np.rint(frequency)).any():
        raise LifetimeValueError("bad_frequency", "x must be a whole number of repeat orders, zero or more.")
    # Summaries that were rounded when they were written down may put the last order a hair after the end.
    if (recency < 0).any() or (recency > age + 1e-6).any():
        raise LifetimeValueError("bad_recency", "t_x must lie between 0 and T.")
    return frequency.astype(np.int64), recency, age


def _read(transactions: Any, end: Any) -> tuple[NDArray[Any], Integers, Floats, int]:
    ids, dates, amounts = (np.asarray(column) for column in _columns(transactions))
    values = amounts.astype(np.float64)
    if not len(ids) == len(dates) == len(values):
        raise LifetimeValueError("lengths_differ", "Customer, date and value must have one entry per purchase.")
    if not np.isfinite(values).all():
        raise LifetimeValueError("not_finite", "Every purchase must have a finite value.")
    if dates.dtype.kind in "iu" and isinstance(end, int | np.integer):
        return ids, dates.astype(np.int64), values, int(end)
    return ids, _days(dates), values, int(_days(np.asarray([end]))[0])


def _columns(transactions: Any) -> list[Any]:
    if isinstance(transactions, tuple):
        return list(transactions)
    names = transactions.dtype.names if isinstance(transactions, np.ndarray) else list(transactions)
    if names is None or len(names) < len(COLUMNS):
        raise LifetimeValueError("missing_column", "Customer, date and value are needed.")
    wanted = COLUMNS if set(COLUMNS) <= set(names) else names[: len(COLUMNS)]
    return [transactions[name] for name in wanted]


def _days(dates: NDArray[Any]) -> Integers:
    """Days since 1970. Whole numbers are refused: numpy would read 19970101 as a day 54,000 years away."""
    if dates.dtype.kind in "iufb":
        raise LifetimeValueError(
            "bad_date", "Dates must be dates, or day numbers with an end that is a day number too."
        )
    try:
        days = dates.astype("datetime64[D]")
    except (ValueError, TypeError) as error:
        raise LifetimeValueError("bad_date", "A date cannot be read.") from error
    if np.isnat(days).any():
        raise LifetimeValueError("bad_date", "A date is missing.")
    return days.astype(np.int64)


def _codes(column: NDArray[Any]) -> Integers:
    """Whole numbers that are equal exactly where the column is. Whole days need no sorting to get them."""
    days = np.rint(column * DAYS_PER_WEEK)
    if days.max(initial=0) < 2**31 and np.array_equal(days / DAYS_PER_WEEK, column):
        return days.astype(np.int64)
    return np.unique(column, return_inverse=True)[1]


def _combined(left: Integers, right: Integers) -> Integers:
    span = int(right.max(initial=0)) + 1
    if int(left.max(initial=0)) >= LARGEST_KEY // span:
        left = np.unique(left, return_inverse=True)[1]
    return left * span + right
