"""The profit and loss account of a customer in one period, beside the period before and what others come to."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm_site.lib.joins import with_keys
from crm_site.lib.written import Blank, written
from customers.models import Customer, Run
from customers.models.customer import CustomerQuerySet
from profitability.models import CustomerMonth, PeriodRanking
from profitability.periods import Period, period_before
from profitability.reports.groups import figures_of
from profitability.reports.members import Members, members_below
from profitability.reports.profit_and_loss import (
    Account,
    ActivityCharge,
    account_of,
    charge,
    rates_of,
)
from profitability.reports.tracing import follows_contacts, quantities_in_words
from profitability.totals import GroupTotal

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """One part of the account of a household or company: itself, or a member with all who belong to it."""

    customer: Customer
    account: Account
    customers: int  # of whom it is the sum

    @property
    def profit(self) -> Decimal:
        return self.account.profit


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the customer itself stands in the ranking of the period."""

    rank: int
    customers: int
    category: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the account as it is read: costs and deductions are negative. What is not known is None."""

    label: str
    now: Decimal
    before: Decimal | None
    average: Decimal | None
    kind: str = "item"  # item, sum, profit
    source: str = ""  # orders, moments, file: which records stand behind it
    drivers: tuple[str, ...] = ()  # of an activity
    note: str = ""  # how much of its drivers there was
    url: str = ""  # of those records, where the reader may see them

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None else self.now - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodAccount:
    """The account of a customer in a period; of a household or company, the sum of its members and itself."""

    run: Run
    customer: Customer
    members: tuple[MemberAccount, ...]  # itself first; empty for somebody without members
    people: tuple[int, ...]  # everybody below the customer
    hidden: int  # members whom the reader may not see, and who are not in the sum
    cut: bool  # whether there are more members than are summed up
    period: Period
    now: Account
    before: Account | None  # None before everything
    before_period: Period | None
    quantities: Mapping[str, float]  # of each driver in the period
    months: tuple[tuple[dt.date, Decimal], ...]  # profit of every month with figures, the earliest first

    def lines(self, average: GroupTotal | None = None) -> list[Line]:
        """The account line by line; `average` is a group whose customers' mean stands beside it."""
        mean = _Mean(average)
        lines = [
            self._line(_("Gross sales"), "gross", source="orders"),
            self._line(_("Discounts"), "discounts", sign=-1, source="orders"),
            self._line(_("Returns"), "returns", sign=-1, source="orders"),
            self._line(_("Fees and adjustments"), "other", source="orders"),
            self._line(_("Net revenue"), "net_revenue", kind="sum", average=mean.net_revenue, source="orders"),
            self._line(_("Cost of goods"), "cost_of_goods", sign=-1, average=mean.cost_of_goods, source="orders"),
            self._line(_("Gross margin"), "gross_margin", kind="sum", average=mean.gross_margin),
            *self._activities(),
            self._line(_("Cost to serve"), "cost_to_serve", sign=-1, kind="sum", average=mean.cost_to_serve),
            self._line(_("Contribution"), "contribution", kind="sum", average=mean.contribution),
            self._line(_("Direct costs"), "direct_costs", sign=-1, average=mean.direct_costs, source="file"),
            self._line(_("Profit"), "profit", kind="profit", average=mean.profit),
        ]
        return [line for line in lines if line.now or line.before or line.kind != "item"]

    def _line(
        self,
        label: str,
        name: str,
        *,
        sign: int = 1,
        kind: str = "item",
        average: Decimal | None = None,
        source: str = "",
    ) -> Line:
        before = None if self.before is None else sign * getattr(self.before, name)
        return Line(label, sign * getattr(self.now, name), before, average, kind, source)

    def _activities(self) -> list[Line]:
        before = self.before.activities if self.before else (None,) * len(self.now.activities)
        return [
            Line(
                now.activity.label,
                -now.amount,
                None if then is None else -then.amount,
                None,
                source="moments" if follows_contacts(now.activity.drivers) else "orders",
                drivers=tuple(now.activity.drivers),
                note=quantities_in_words(now.activity.drivers, self.quantities) if now.amount else "",
            )
            for now, then in zip(self.now.activities, before, strict=True)
        ]


class _Mean:
    """What one customer of a group comes to on average, with the signs of the account."""

    def __init__(self, group: GroupTotal | None) -> None:
        self.group = group if group and group.customers else None

    def _each(self, amount: Decimal) -> Decimal:
        assert self.group is not None, "Without a group there is no mean."
        return (amount / self.group.customers).quantize(NOTHING)

    def __getattr__(self, name: str) -> Decimal | None:
        group = self.group
        if group is None:
            return None
        match name:
            case "cost_of_goods":
                return self._each(group.gross_margin - group.net_revenue)
            case "contribution":
                return self._each(group.gross_margin - group.cost_to_serve)
            case "cost_to_serve" | "direct_costs":
                return self._each(-getattr(group, name))
        return self._each(getattr(group, name))


def period_account(
    run: Run, customer: Customer, visible: CustomerQuerySet, period: Period, *, drivers: Sequence[str] = ()
) -> PeriodAccount:
    """The account of a customer, with all members that the reader may see (2 queries, besides the rates of the run).

    `drivers` are the run's, in the order of its quantities: where they are given, how much there was is told.

    One query more for each further level of members, and one where some may be hidden from the reader.
    """
    below = members_below(customer, visible)
    by_customer: dict[int, list[CustomerMonth]] = defaultdict(list)
    for row in _months(run, [customer.pk, *below.branch]):
        by_customer[row.customer_id].append(row)
    before = period_before(period)
    accounts = {pk: _account(run, _within(months, period)) for pk, months in by_customer.items()}
    nothing = _account(run, [])
    return PeriodAccount(
        run=run,
        customer=customer,
        members=_parts(customer, below, accounts, nothing),
        people=tuple(below.branch),
        hidden=below.hidden,
        cut=below.cut,
        period=period,
        now=_together([nothing, *accounts.values()]),
        before=_together([nothing, *(_account(run, _within(months, before)) for months in by_customer.values())])
        if before
        else None,
        before_period=before,
        quantities=_quantities(by_customer.values(), period, drivers),
        months=_profit_by_month(run, by_customer.values()),
    )


def _months(run: Run, customers: Sequence[int]) -> list[CustomerMonth]:
    """The months of some customers, the earliest first (1 query)."""

    def rows() -> Any:
        months = CustomerMonth.objects.in_run(run)
        return with_keys(months, Blank("customers"), column="customer_id").order_by("month")

    return written(("months", run.pk, run.stands_on_id), rows).read(customers=list(customers))


def _parts(
    customer: Customer, below: Members, accounts: Mapping[int, Account], nothing: Account
) -> tuple[MemberAccount, ...]:
    """What each part brings to the sum, so that the parts add up to it."""
    if not below.direct:
        return ()
    keys: dict[int, list[int]] = {one.pk: [] for one in (customer, *below.direct)}
    keys[customer.pk].append(customer.pk)
    for pk, member in below.branch.items():
        keys[member].append(pk)
    return tuple(
        MemberAccount(one, _together([nothing, *(accounts.get(pk, nothing) for pk in keys[one.pk])]), len(keys[one.pk]))
        for one in (customer, *below.direct)
    )


def standing_of(ranking: PeriodRanking, customer: Customer, customers: int) -> Standing | None:
    """Where a customer stands in a ranking of so many (1 query); None outside of it."""

    def rows() -> Any:
        figures: Any = figures_of(ranking)
        return figures.filter(customer=Blank("customer")).values_list("rank", "category")

    question = ("standing", ranking.run_id, ranking.run.scorecards_of_id, ranking.pk)
    for rank, category in written(question, rows).read(customer=customer.pk):
        return Standing(rank, customers, category)
    return None


def _within(months: Sequence[CustomerMonth], period: Period) -> list[CustomerMonth]:
    if period.since is None or period.until is None:
        return list(months)
    return [month for month in months if period.since <= month.month <= period.until]


def _account(run: Run, months: list[CustomerMonth]) -> Account:
    activities, rates = rates_of(run.pk)
    charges = {
        (month.month, activity.pk): charge(month, rates.get((month.month, activity.pk)))
        for month in months
        for activity in activities
    }
    return account_of(months, activities, charges)


def _quantities(by_customer: Iterable[list[CustomerMonth]], period: Period, drivers: Sequence[str]) -> dict[str, float]:
    """How much of each driver all of them caused in the period."""
    sums: dict[str, float] = defaultdict(float)
    for months in by_customer:
        for month in _within(months, period):
            for code, units in zip(drivers, month.quantities, strict=False):
                sums[code] += units
    return sums


def _together(accounts: Sequence[Account]) -> Account:
    """The sum of accounts of one run, which have the same activities."""
    first = accounts[0]
    sums = {
        name: sum((getattr(account, name) for account in accounts), NOTHING)
        for name in ("gross", "discounts", "returns", "other", "cost_of_goods", "direct_costs")
    }
    return Account(
        since=min((account.since for account in accounts if account.since), default=None),
        until=max((account.until for account in accounts if account.until), default=None),
        orders=sum(account.orders for account in accounts),
        activities=tuple(
            ActivityCharge(own.activity, sum((account.activities[place].amount for account in accounts), NOTHING))
            for place, own in enumerate(first.activities)
        ),
        **sums,
    )


def _profit_by_month(run: Run, months: Iterable[list[CustomerMonth]]) -> tuple[tuple[dt.date, Decimal], ...]:
    profits: dict[dt.date, Decimal] = defaultdict(Decimal)
    for of_customer in months:
        for month in of_customer:
            profits[month.month] += _account(run, [month]).profit
    return tuple(sorted(profits.items()))
