"""Where every cent of a period went, cost pool by cost pool, checked against what stands elsewhere."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model, QuerySet, Sum
from django.utils.translation import get_language

from crm_site.lib.remembered import Lately
from customers.models import Run
from profitability.models import ActivityRate, CostPoolAmount, RunMonth, RunPool, RunPoolMonth
from profitability.periods import Period

NOTHING = Decimal("0.00")
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Where an amount went: the parts, less overload, come to what was entered; `difference` says by how much not."""

    label: str
    entered: Decimal
    charged: Decimal
    charged_anonymous: Decimal
    unused_capacity: Decimal
    overload: Decimal
    company_level: Decimal
    rounding_difference: Decimal
    capacity: float = 0.0  # minutes; 0 where nothing draws on them
    used: float = 0.0
    month: dt.date | None = None
    pool: int = 0  # the number of the cost pool; 0 for several together

    @property
    def accounted_for(self) -> Decimal:
        parts = self.charged + self.charged_anonymous + self.unused_capacity - self.overload
        return parts + self.company_level + self.rounding_difference

    @property
    def difference(self) -> Decimal:
        return self.entered - self.accounted_for

    @property
    def use(self) -> float | None:
        """Minutes used as a share of those that there were: above 1 is overload."""
        return self.used / self.capacity if self.capacity else None


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures that should be equal and are not: what they are about, and both."""

    code: str
    about: str
    month: dt.date | None
    expected: Decimal
    found: Decimal


@dataclass(frozen=True, slots=True)
class PeriodBalance:
    """The reconciliation of a period."""

    pools: list[Balance]
    months: list[Balance]
    total: Balance
    differences: list[Difference]
    details: list[Balance]  # each cost pool in each month, for files


PARTS = ("entered", "charged", "charged_anonymous", "unused_capacity", "overload", "company_level",
         "rounding_difference")  # fmt: skip


# What a run found never changes; it is compared with itself once a minute, and with the amounts entered each time.
BALANCES: Lately[tuple[int, Period, str | None], PeriodBalance] = Lately(seconds=60, most=10)


def period_balance(run: Run, period: Period) -> PeriodBalance:
    """Every cent of a period, by cost pool and by month, checked against amounts and rates (4 queries, then 1)."""
    question = (run.pk, period, get_language())  # cost pools are named in a language
    balance = BALANCES.told(question) or BALANCES.keep(question, _balance_of(run, period))
    if not balance.details:
        return balance
    return replace(balance, differences=[*_beside_amounts(run, period, balance.details), *balance.differences])


def _balance_of(run: Run, period: Period) -> PeriodBalance:
    """The balance as the run has it (3 queries)."""
    rows = list(within(RunPoolMonth.objects.filter(pool__run=run), period).select_related("pool").order_by("month"))
    details = [_of_pool_month(row) for row in sorted(rows, key=lambda row: (row.pool.position, row.month))]
    by_pool: dict[int, list[Balance]] = defaultdict(list)
    by_month: dict[dt.date, list[Balance]] = defaultdict(list)
    for one in details:
        by_pool[one.pool].append(one)
        assert one.month is not None, "A detail is of one month."
        by_month[one.month].append(one)
    months = list(within(RunMonth.objects.filter(run=run), period).order_by("month"))
    return PeriodBalance(
        pools=[_added(parts[0].label, parts) for parts in by_pool.values()],
        months=[_of_month(row) for row in months],
        total=_added("", details),
        # Runs of long ago kept no cost pools: then there is nothing to compare.
        differences=[*_beside_months(months, by_month), *_beside_rates(run, period, by_month)] if details else [],
        details=details,
    )


def within(rows: QuerySet[Row], period: Period) -> QuerySet[Row]:
    """Those of the months of a period."""
    return rows if period.since is None else rows.filter(month__range=(period.since, period.until))


MONTHS: Lately[int, tuple[dt.date | None, dt.date | None]] = Lately(seconds=600, most=10)


def months_with_costs(run: Run) -> tuple[dt.date | None, dt.date | None]:
    """The first and last month of a run, which never change (1 query, then none)."""
    if (told := MONTHS.told(run.pk)) is not None:
        return told
    months = list(RunMonth.objects.filter(run=run).order_by("month").values_list("month", flat=True))
    return MONTHS.keep(run.pk, (months[0], months[-1]) if months else (None, None))


def _of_pool_month(row: RunPoolMonth) -> Balance:
    parts: dict[str, Any] = {name: getattr(row, name) for name in PARTS}
    minutes: dict[str, Any] = {"capacity": row.capacity or 0.0, "used": row.used or 0.0}
    pool = row.pool.pool_id or -row.pool_id
    return Balance(label=row.pool.label, pool=pool, month=row.month, **minutes, **parts)


def _of_month(row: RunMonth) -> Balance:
    return Balance(
        label="",
        month=row.month,
        entered=row.entered,
        charged=row.cost_to_serve,
        charged_anonymous=row.anonymous_cost_to_serve,
        unused_capacity=row.unused_capacity,
        overload=row.overload,
        company_level=row.company_level,
        rounding_difference=row.rounding_difference,
    )


def _added(label: str, parts: Iterable[Balance]) -> Balance:
    rows = list(parts)
    sums: dict[str, Any] = {name: sum((getattr(row, name) for row in rows), NOTHING) for name in PARTS}
    capacity, used = sum(row.capacity for row in rows), sum(row.used for row in rows)
    return Balance(label=label, capacity=capacity, used=used, **sums)


# --- Checks against what stands elsewhere ----------------------------------------------------------------------------


def _beside_amounts(run: Run, period: Period, details: list[Balance]) -> list[Difference]:
    """What each cost pool was taken to have cost, against the amount entered (1 query)."""
    pools = RunPool.objects.filter(run=run, pool__isnull=False).values("pool")
    entered = within(CostPoolAmount.objects.filter(pool__in=pools), period)
    expected = {(pool, month): amount for pool, month, amount in entered.values_list("pool_id", "month", "amount")}
    return [
        Difference("entered", one.label, one.month, expected.get((one.pool, one.month), NOTHING), one.entered)
        for one in details
        if one.month and expected.get((one.pool, one.month), NOTHING) != one.entered
    ]


def _beside_months(months: list[RunMonth], by_month: dict[dt.date, list[Balance]]) -> list[Difference]:
    """The cost pools of a month together, against the month as a whole."""
    found = []
    for row in months:
        whole, parts = _of_month(row), _added("", by_month.get(row.month, []))
        found += [
            Difference(name, "", row.month, getattr(whole, name), getattr(parts, name))
            for name in PARTS
            if getattr(whole, name) != getattr(parts, name)
        ]
    return found


def _beside_rates(run: Run, period: Period, by_month: dict[dt.date, list[Balance]]) -> list[Difference]:
    """What activities charged to customers, against what came out of the cost pools for them (1 query)."""
    rates = within(ActivityRate.objects.filter(activity__run=run), period)
    charged = dict(rates.values("month").annotate(total=Sum("charged")).values_list("month", "total"))
    totals = {month: _added("", parts).charged for month, parts in by_month.items()}
    return [
        Difference("activities", "", month, charged.get(month, NOTHING), total)
        for month, total in totals.items()
        if charged.get(month, NOTHING) != total
    ]
