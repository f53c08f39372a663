"""The profit and loss account of one customer, down to the activities and the months that it came from."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import starmap
from operator import attrgetter, mul
from typing import Literal, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from crm_site.lib.fields import amount_of
from customers.models import Run
from profitability.models import ActivityRate, CustomerMonth, RunActivity
from profitability.reports.tracing import follows_contacts, moments_url

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class ActivityCharge:
    """What one activity cost this customer."""

    activity: RunActivity
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One column of the account. Discounts, returns and costs are positive amounts; `other` has its sign."""

    since: dt.date | None  # first and last month with figures; None when nothing happened
    until: dt.date | None
    orders: int
    gross: Decimal
    discounts: Decimal
    returns: Decimal
    other: Decimal
    cost_of_goods: Decimal
    activities: tuple[ActivityCharge, ...]
    direct_costs: Decimal

    @property
    def net_revenue(self) -> Decimal:
        return self.gross - self.discounts - self.returns + self.other

    @property
    def gross_margin(self) -> Decimal:
        return self.net_revenue - self.cost_of_goods

    @property
    def cost_to_serve(self) -> Decimal:
        return sum((charge.amount for charge in self.activities), NOTHING)

    @property
    def contribution(self) -> Decimal:
        return self.gross_margin - self.cost_to_serve

    @property
    def profit(self) -> Decimal:
        return self.contribution - self.direct_costs


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One line of the account as it is read: costs and deductions are negative here."""

    label: str
    whole: Decimal
    last_year: Decimal
    kind: Literal["item", "sum", "profit"] = "item"
    source: Literal["orders", "moments", "file", ""] = "orders"  # which records of the customer stand behind it
    moments_url: str = ""  # of an activity that follows contacts: those which it counts
    moments_of_year_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerProfitAndLoss:
    """The account of one customer in one run: all months, and the last twelve before the day of the figures."""

    run: Run
    customer_id: int
    whole: Account
    last_year: Account
    last_year_since: dt.date  # first month of the last twelve

    @property
    def lines(self) -> list[AccountLine]:
        """The account line by line, from gross sales down to profit; what never happened is left out."""
        charges = zip(self.whole.activities, self.last_year.activities, strict=True)
        lines = [
            self._line(_("Gross sales"), "gross"),
            self._line(_("Discounts"), "discounts", sign=-1),
            self._line(_("Returns"), "returns", sign=-1),
            self._line(_("Fees and adjustments"), "other"),
            self._line(_("Net revenue"), "net_revenue", kind="sum"),
            self._line(_("Cost of goods"), "cost_of_goods", sign=-1),
            self._line(_("Gross margin"), "gross_margin", kind="sum", source=""),
            *(self._activity_line(whole, year) for whole, year in charges),
            self._line(_("Contribution"), "contribution", kind="sum", source=""),
            self._line(_("Direct costs"), "direct_costs", sign=-1, source="file"),
            self._line(_("Profit"), "profit", kind="profit", source=""),
        ]
        return [line for line in lines if line.whole or line.kind != "item"]

    def _line(
        self,
        label: str,
        name: str,
        *,
        sign: int = 1,
        kind: Literal["item", "sum", "profit"] = "item",
        source: Literal["orders", "file", ""] = "orders",
    ) -> AccountLine:
        read = attrgetter(name)
        return AccountLine(label, sign * read(self.whole), sign * read(self.last_year), kind, source)

    def _activity_line(self, whole: ActivityCharge, last_year: ActivityCharge) -> AccountLine:
        line = AccountLine(whole.activity.label, -whole.amount, -last_year.amount)
        drivers = whole.activity.drivers
        if not follows_contacts(drivers):
            return line
        return replace(
            line,
            source="moments",
            moments_url=moments_url(self.customer_id, drivers),
            moments_of_year_url=moments_url(self.customer_id, drivers, self.last_year_since),
        )


def customer_profit_and_loss(run: Run, customer_id: int) -> CustomerProfitAndLoss | None:
    """Profit and loss of one customer, to the cent as the run computed it (1 query); None once its rows are gone.

    The rates of the run are read by the first customer's account (2 queries) and kept, since they never change.

    Each month's charges are reached like those of the run: Σ coefficient × quantity, rounded once for each activity.
    """
    if not run.has_rows:
        return None
    months = list(CustomerMonth.objects.of(run, customer_id))
    activities, rates = rates_of(run.pk)
    charges = {
        (month.month, activity.pk): charge(month, rates.get((month.month, activity.pk)))
        for month in months
        for activity in activities
    }
    since = months_before(run.as_of, 11)
    return CustomerProfitAndLoss(
        run=run,
        customer_id=customer_id,
        whole=account_of(months, activities, charges),
        last_year=account_of([month for month in months if month.month >= since], activities, charges),
        last_year_since=since,
    )


# As text, since every file asks this and Django takes longer to write it than the database to answer. The two runs
# that it can be are named too, so that the partitions of others are not planned for.
MONTHS = """
    SELECT month, gross - discounts - returns + other - cost_of_goods - direct_costs, quantities
    FROM profitability_customermonth
    WHERE customer_id = %(customer)s AND month >= %(since)s AND run_id = ANY(%(runs)s) AND run_id = CASE
        WHEN %(stands_on)s::bigint IS NULL
            OR EXISTS (SELECT FROM profitability_readanew WHERE run_id = %(run)s AND customer_id = %(customer)s)
        THEN %(run)s ELSE %(stands_on)s END
    ORDER BY month
"""


class MonthOfCustomer(NamedTuple):
    """What a month brought before the cost of serving it, in cents, and the quantities of the run's drivers."""

    month: dt.date
    cents: int
    quantities: list[float]


@dataclass(frozen=True, slots=True)
class YearsProfit:
    """What a customer brought in the calendar year of the figures so far, and in the whole year before."""

    year: int
    profit: Decimal
    before: Decimal | None  # None when nothing happened in that year


def profit_of_years(run: Run, customer_id: int) -> YearsProfit:
    """Profit of one customer this year and last (1 query; the rates of the run as above)."""
    year = run.as_of.year
    with connection.cursor() as cursor:
        values = {"run": run.pk, "stands_on": run.stands_on_id, "runs": [run.pk, run.stands_on_id or run.pk]}
        cursor.execute(MONTHS, values | {"customer": customer_id, "since": dt.date(year - 1, 1, 1)})
        months = [MonthOfCustomer(*row) for row in cursor.fetchall()]
    activities, rates = rates_of(run.pk)
    profits = {year: NOTHING}
    for month in months:
        charged = (charge(month, rates.get((month.month, activity.pk))) for activity in activities)
        before_service = amount_of(month.cents)
        profits[month.month.year] = profits.get(month.month.year, NOTHING) + before_service - sum(charged, NOTHING)
    return YearsProfit(year, profits[year], profits.get(year - 1))


@lru_cache(maxsize=4)
def rates_of(run_id: int) -> tuple[list[RunActivity], dict[tuple[dt.date, int], ActivityRate]]:
    """The activities of a run and what each charged in each month: written once, so read once (2 queries)."""
    rates = ActivityRate.objects.filter(activity__run=run_id)
    return list(RunActivity.objects.filter(run=run_id)), {(rate.month, rate.activity_id): rate for rate in rates}


def account_of(
    months: list[CustomerMonth], activities: list[RunActivity], charges: dict[tuple[dt.date, int], Decimal]
) -> Account:
    """The account of some months of one customer (no query)."""
    return Account(
        since=months[0].month if months else None,
        until=months[-1].month if months else None,
        orders=sum(month.orders for month in months),
        gross=_sum(month.gross for month in months),
        discounts=_sum(month.discounts for month in months),
        returns=_sum(month.returns for month in months),
        other=_sum(month.other for month in months),
        cost_of_goods=_sum(month.cost_of_goods for month in months),
        activities=tuple(
            ActivityCharge(activity, _sum(charges[month.month, activity.pk] for month in months))
            for activity in activities
        ),
        direct_costs=_sum(month.direct_costs for month in months),
    )


def charge(month: CustomerMonth | MonthOfCustomer, rate: ActivityRate | None) -> Decimal:
    """What an activity costs a customer in a month: cents for each unit times units, rounded half to even."""
    if rate is None:
        return NOTHING
    cents = sum(starmap(mul, zip(rate.coefficients, month.quantities, strict=True)))
    return amount_of(round(cents))  # halves to even


def months_before(day: dt.date, count: int) -> dt.date:
    """The first of the month that lies so many months before a day's."""
    months = day.year * 12 + day.month - 1 - count
    return dt.date(months // 12, months % 12 + 1, 1)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)
