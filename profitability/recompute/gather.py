"""What everybody did in every month, read in one state of the database and written as the months of the run.

Orders, other drivers and direct costs are read once each and laid aside; then each slice of customers is added up, and
its months are laid aside again: for the costing, and for the database. Where only some customers changed since the last
full run, only their records are read, and they are all the customers there are here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from django.db import connection, transaction
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from crm_site.lib.bulk import Table, one_ahead, write
from crm_site.lib.jobs.context import JobProblem
from crm_site.lib.partitions import Partition
from crm_site.lib.snapshot import HandedOver, Snapshot
from profitability.drivers import DirectCostSource, DriverSource, direct_cost_sources, sources_of
from profitability.models import ReadAnew
from profitability.models.figures import ANONYMOUS
from profitability.recompute.accounts import Accounts
from profitability.recompute.base import Base
from profitability.recompute.laid_aside import Former, parts_to_take_up, taken_up
from profitability.recompute.moments import Moments
from profitability.recompute.months import (
    CUSTOMER_SUMS,
    EPOCH,
    NO_DAY,
    SALES,
    THOUSAND,
    Months,
    Sources,
    Whole,
    columns_of,
    money,
    starts_of,
    sum_months,
    sums_by,
    table_of,
)
from profitability.recompute.orders import Orders
from profitability.recompute.plan import Plan
from profitability.recompute.records import QUANTITY, People, Records, Spool, read_people
from profitability.sources import MOMENT_RECORDS, ORDER_RECORDS, touchpoint_records

DOES_NOT_ADD_UP = gettext_noop(
    "The months of customers come to %(months)s in sales and the order lines to %(lines)s, so nothing was published."
)
# What is summed up for each month.
MONTH_SUMS = (*SALES, "orders", "rows")
# Called with the months of each slice, for whoever wants to lay them aside.
Keep = Callable[[int, Months, People], None]


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read, laid aside by slices of customers."""

    people: People
    orders: Spool
    others: Sequence[Spool]
    net_sales: int  # cents, straight from the order lines
    former: Former | None  # what a full run left, where only the records of customers who changed are read


@dataclass(frozen=True)
class MonthTotals:
    """One month, over all customers or over anonymous sales."""

    sums: Whole = field(default_factory=lambda: np.zeros(len(MONTH_SUMS), np.int64))
    quantities: Whole | int = 0  # thousandths, by driver

    def __getitem__(self, name: str) -> int:
        return int(self.sums[MONTH_SUMS.index(name)])

    @property
    def net_revenue(self) -> int:
        return self["gross"] - self["discounts"] - self["returns"] + self["other"]

    def as_json(self) -> list[Any]:
        return [self.sums.tolist(), np.atleast_1d(self.quantities).tolist()]

    @classmethod
    def from_json(cls, found: Sequence[Any]) -> "MonthTotals":
        sums, quantities = (np.array(each, np.int64) for each in found)
        return cls(sums, quantities)

    def __add__(self, other: "MonthTotals") -> "MonthTotals":
        return MonthTotals(self.sums + other.sums, self.quantities + other.quantities)

    def __sub__(self, other: "MonthTotals") -> "MonthTotals":
        return MonthTotals(self.sums - other.sums, self.quantities - other.quantities)


# By month, numbered from year 0.
MonthsInAll: TypeAlias = defaultdict[int, MonthTotals]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What is known of everybody who was read before costs are charged. Place 0 is anonymous sales."""

    people: People
    sums: Table  # the columns of CUSTOMER_SUMS, by place, in cents or numbers
    first_day: Whole
    last_day: Whole
    customers: MonthsInAll
    anonymous: MonthsInAll
    months: Spool  # see `month_columns`

    @property
    def accounts(self) -> Accounts:
        """Of everybody who was read, anonymous sales first."""
        return Accounts(
            customer=self.people.ids,
            kind=self.people.kinds,
            sums=self.sums,
            first_day=self.first_day,
            last_day=self.last_day,
        )


def read_records(snapshot: Snapshot, *, drivers: Sequence[str], as_of: int, base: Base | None) -> Read:
    """The records up to the day `as_of`, as they are in the snapshot: of everybody, or of those who changed since a
    full run. Those that are read in many parts come last, so that no reader waits long for another.
    """
    changed = base.changed if base else None
    people = read_people(changed)
    check = partial(_net_sales_of_lines, as_of) if changed is None else partial(_net_sales_of, changed, as_of)
    parts = _to_read(drivers, changed)
    spools = [of_source[0].spool() for of_source in parts]
    laid_aside = parts_to_take_up(base.run_id, base.slices) if base else []
    readings: list[Callable[[], Any]] = [
        partial(part.lay_aside, spool, people, as_of=as_of)
        for of_source, spool in zip(parts, spools, strict=True)
        for part in of_source
    ]
    found: list[Any] = snapshot.all([check, *laid_aside, *readings])
    net_sales, former = found[0], taken_up(found[1 : len(laid_aside) + 1], base.slices) if base else None
    return Read(people=people, orders=spools[0], others=spools[1:], net_sales=net_sales, former=former)


def _to_read(drivers: Sequence[str], changed: Whole | None) -> list[Sequence[Orders | Moments | Records]]:
    """What is to be read of each source, of everybody or of some customers: first of orders, and always of them."""
    of_orders = sorted(ORDER_RECORDS.drivers_among(drivers))
    of_moments = sorted({**MOMENT_RECORDS.drivers_among(drivers), **touchpoint_records().drivers_among(drivers)})
    others = [_records(source, {"direct_costs": source.cents}) for source in direct_cost_sources()]
    others += [
        _records(source, _thousandths(source.drivers_among(drivers)))
        for source in sources_of({*drivers} - {*of_orders, *of_moments})
    ]
    if changed is None:
        moments = [Moments.everybodys(of_moments)] if of_moments else []
        return [Orders.everybodys(of_orders), *([each] for each in others), *moments]
    some_orders = [Orders.those(some, of_orders) for some in _conditions("o.customer_id", changed)]
    some_moments = [Moments.those(some, of_moments) for some in _conditions("m.customer_id", changed)]
    some_others = [[replace(each, where=some) for some in _conditions(each.customer, changed)] for each in others]
    return [some_orders, *some_others, *([some_moments] if of_moments else [])]


def _conditions(customer: str, changed: Whole) -> list[str]:
    """What tells the records of these customers from others, as an index can answer it; 0 is nobody in particular."""
    named = ",".join(map(str, changed[changed != ANONYMOUS].tolist()))
    some = [f"{customer} = ANY ('{{{named}}}'::bigint[])"]
    return [*some, f"{customer} IS NULL"] if ANONYMOUS in changed else some


def _records(source: DriverSource | DirectCostSource, measures: Mapping[str, str]) -> Records:
    return Records(rows=source.rows, customer=source.customer, day=source.day, measures=measures)


def gather(
    read: Read,
    *,
    plan: Plan,
    months: Spool,
    finished: HandedOver[int],
    check: Callable[[], None],
    keep: Keep | None = None,
) -> Gathered:
    """Add up what everybody did, in each month and in all; `check` is called between the slices.

    The months go into a spool (see `month_columns`), and the number of each slice that is there is handed over.
    """
    gathered = _empty(read.people, months)
    found = 0
    cost_ratio = None if plan.cost_ratio is None else float(plan.cost_ratio)

    def of_slice(number: int) -> Months:
        sources = Sources(
            orders=read.orders.take(number),
            others=[spool.take(number) for spool in read.others],
        )
        return sum_months(sources, plan.drivers, cost_ratio)

    for number, slice_months in enumerate(one_ahead(map(of_slice, range(read.people.slices)))):
        check()
        if keep:
            keep(number, slice_months, read.people)
        table = table_of(slice_months, plan.drivers)
        gathered.months.add(table)
        finished.hand_over(number)
        _add_customers(gathered, slice_months, plan.costed_months)
        add_months(gathered.customers, gathered.anonymous, table, plan.drivers)
        found += int(slice_months.net_revenue.sum())
    finished.end()
    if found != read.net_sales:
        raise JobProblem(DOES_NOT_ADD_UP, lines=str(money(read.net_sales)), months=str(money(found)))
    return gathered


@transaction.atomic
def load_months(
    slices: Iterable[int], *, months: Spool, people: People, partition: Partition, base: Base | None
) -> None:
    """Write the months, as slices of customers come, where nobody sees them yet, ready to be attached.

    Those of customers who stayed as they were since a full run are that run's.
    """
    partition.create()
    if base:
        _tell_read_anew(partition.value, base.changed)
    for number in slices:
        rows = months.read(number)
        write(partition.table, columns_of(rows, customers=people.ids), rows=len(rows["place"]))
    partition.seal()


def _tell_read_anew(run_id: int, changed: Whole) -> None:
    """Note whose months are the run's own (1 statement)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ReadAnew._meta.db_table} (run_id, customer_id) SELECT %s, unnest(%s::bigint[])",
            [run_id, changed.tolist()],
        )


def _net_sales_of_lines(as_of: int) -> int:
    """Net revenue in cents straight from the lines, which the months must agree with (2 queries)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum_cents(gross - discount), 0) FROM customers_orderline")
        (everything,) = cursor.fetchone()
        cursor.execute(
            "SELECT coalesce(sum_cents(l.gross - l.discount), 0) FROM customers_orderline l "
            "JOIN customers_order o ON o.id = l.order_id WHERE o.ordered_on > %s",
            [EPOCH + timedelta(days=as_of)],
        )
        (later,) = cursor.fetchone()
    return int(everything - later)


def _net_sales_of(customers: Whole, as_of: int) -> int:
    """The same of some customers (1 query, or 2 with anonymous sales)."""
    found = 0
    with connection.cursor() as cursor:
        for condition in _conditions("o.customer_id", customers):
            cursor.execute(
                "SELECT coalesce(sum_cents(l.gross - l.discount), 0) FROM customers_orderline l "
                f"JOIN customers_order o ON o.id = l.order_id WHERE o.ordered_on <= %s AND {condition}",
                [EPOCH + timedelta(days=as_of)],
            )
            found += int(cursor.fetchone()[0])
    return found


def _thousandths(quantities: Mapping[str, str]) -> dict[str, str]:
    return {QUANTITY + code: f"coalesce((({sql}) * {THOUSAND}::bigint)::bigint, 0)" for code, sql in quantities.items()}


def _empty(people: People, months: Spool) -> Gathered:
    count = len(people.ids)
    return Gathered(
        people=people,
        sums={name: np.zeros(count, np.int64) for name in CUSTOMER_SUMS},
        first_day=np.full(count, NO_DAY),
        last_day=np.full(count, NO_DAY),
        customers=defaultdict(MonthTotals),
        anonymous=defaultdict(MonthTotals),
        months=months,
    )


def _add_customers(gathered: Gathered, months: Months, costed: NDArray[np.int64]) -> None:
    """Sum the months of each customer, which stand together, into the customer's row."""
    starts = starts_of(months.place)
    at = months.place[starts]
    summed = {**months.sales, "orders": months.orders, "order_days": months.order_days}
    summed["without_cost"] = months.without_cost
    summed["costed_days"] = np.where(np.isin(months.month, costed), months.order_days, 0)
    for name, values in summed.items():
        gathered.sums[name][at] = np.add.reduceat(values, starts)
    # Months without an order have NO_DAY, the earliest day there is: the first order is the least of the others.
    first = np.where(months.first_day == NO_DAY, -NO_DAY, months.first_day)
    earliest = np.minimum.reduceat(first, starts)
    gathered.first_day[at] = np.where(earliest == -NO_DAY, NO_DAY, earliest)
    gathered.last_day[at] = np.maximum.reduceat(months.last_day, starts)


def add_months(customers: MonthsInAll, anonymous: MonthsInAll, rows: Table, drivers: Sequence[str]) -> None:
    """Add months of customers (see `month_columns`) to what each month comes to; those of place 0 are anonymous."""
    of_nobody = rows["place"] == 0
    for totals, of in ((anonymous, of_nobody), (customers, ~of_nobody)):
        month = rows["month"][of]
        if not len(month):
            continue
        first = int(month.min())
        place = month - first
        count = int(place.max()) + 1
        columns = [*(rows[name][of] for name in (*SALES, "orders")), np.ones_like(month)]
        sums = np.stack([sums_by(place, column, count) for column in columns], axis=1)
        units = [sums_by(place, rows[QUANTITY + code][of], count) for code in drivers]
        quantities = np.stack(units, axis=1) if units else np.empty((count, 0), np.int64)
        for month_there in np.flatnonzero(sums[:, MONTH_SUMS.index("rows")]).tolist():
            totals[first + month_there] += MonthTotals(sums[month_there], quantities[month_there])
