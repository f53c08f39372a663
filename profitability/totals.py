"""The totals of a run, as kept in `Run.totals`: every figure of the dashboard that is not a row of its own.

Amounts are `Decimal` in the house currency. Totals outlive the rows of a run, so pages about old runs read them too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from crm_site.lib.plain import plain, revived


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A profit and loss account: of some customers, or of anonymous sales. Deductions and costs are positive."""

    gross: Decimal
    discounts: Decimal
    returns: Decimal
    other: Decimal  # fees, adjustments and bad debts, with their sign
    net_revenue: Decimal  # gross - discounts - returns + other
    cost_of_goods: Decimal
    gross_margin: Decimal
    cost_to_serve: Decimal
    direct_costs: Decimal
    profit: Decimal  # gross_margin - cost_to_serve - direct_costs


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Where every cent that was entered in cost pools went: the parts, less overload, add up to `entered`."""

    entered: Decimal
    charged: Decimal  # to customers
    charged_anonymous: Decimal
    unused_capacity: Decimal
    overload: Decimal  # charged for minutes beyond practical capacity: the only part that is taken off
    company_level: Decimal
    rounding_difference: Decimal


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some customers of the ranking and what they make together."""

    customers: int
    share_of_customers: float  # 0 to 1
    profit: Decimal
    share: float | None  # of total profit; None when total profit is not positive


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The figures read off the whale curve, and the curve itself thinned out for drawing."""

    customers: int
    profit: Decimal
    best: Part  # the best 20 %
    middle: Part
    last: Part  # the last 20 %
    peak: Part  # all customers with a profit
    break_even: Part | None  # fewest best customers who make the whole profit
    losses: Decimal  # what customers with a loss lose: zero or negative
    profitable: int
    zero: int
    losing: int
    tied_across_best: int  # left outside the best 20 % with the same profit as the last one inside
    curve_customers: tuple[int, ...]  # at most 500 points: how many of the best customers ...
    curve_cents: tuple[int, ...]  # ... and what they make together, in cents


@dataclass(frozen=True, kw_only=True)
class CategoryTotal:
    """One of the four categories."""

    category: int
    customers: int
    net_revenue: Decimal
    profit: Decimal
    lifetime_value: Decimal | None  # of those who have one; None when there are customers and nobody has


@dataclass(frozen=True, kw_only=True)
class ContractTerm:
    """Contracts that run for the same time, and the shifted-beta-geometric that forecasts their renewals."""

    days: float  # from one renewal to the next
    contracts: int  # begun or renewed so far; a customer may have had several
    running: int
    asked: tuple[int, ...]  # how many came to the first renewal, the second...
    kept: tuple[int, ...]  # and how many of them renewed
    alpha: float
    beta: float
    alpha_error: float | None
    beta_error: float | None
    log_likelihood: float | None
    assumed: bool  # too few were asked to renew to fit anything

    def retention(self, renewal: int) -> float:
        """Share of those still there who renew, at the t-th renewal: (beta + t - 1) / (alpha + beta + t - 1)."""
        return (self.beta + renewal - 1) / (self.alpha + self.beta + renewal - 1)


@dataclass(frozen=True, kw_only=True)
class LifetimeModel:
    """How lifetime values were reached."""

    fitted: bool  # False: too little data, see notes
    customers: int  # with at least one order, on whom the model was fitted
    repeat_customers: int
    r: float | None
    alpha: float | None
    a: float | None
    b: float | None
    log_likelihood: float | None
    p: float | None
    q: float | None
    v: float | None
    correlation: float | None  # between the number of orders and the margin of one
    margin_per_order: Decimal | None  # mean of the customers
    cost_per_order: Decimal | None
    cost_per_month: Decimal | None
    yearly_discount_rate: float
    horizon_years: int
    notes: tuple[str, ...]  # codes of what was found unusual
    purchase_model: str = "bgnbd"  # a and b belong to BG/NBD and MBG/NBD, s and beta to Pareto/NBD
    s: float | None = None
    beta: float | None = None
    contracts: tuple[ContractTerm, ...] = ()  # subscriptions by how long they run; empty: none, or none renewed yet
    subscriptions: int = 0  # contracts that were begun or renewed


@dataclass(frozen=True, kw_only=True)
class Move:
    """Customers who went from one category to another between two runs; None is outside the ranking."""

    before: int | None
    after: int | None
    customers: int


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What changed against the run that was current before: this run less that one."""

    previous_run: int
    customers: int
    net_revenue: Decimal
    profit: Decimal
    customer_equity: Decimal | None
    moves: tuple[Move, ...]  # empty when the rows of the previous run were gone


@dataclass(frozen=True, kw_only=True)
class StageTime:
    """How long one stage of the recompute took."""

    stage: str
    seconds: float


class Because(StrEnum):
    """Why a run read the records of everybody."""

    ASKED = "asked"
    FIRST = "first"
    UNWATCHED = "unwatched"  # a source of the costing does not say which tables to watch
    GONE = "gone"  # what the last full run laid aside is not there any more
    DAY = "day"
    COSTING = "costing"
    POLICY = "policy"
    COMPANY = "company"
    MODEL = "model"
    SOURCES = "sources"
    EVERYBODY = "everybody"  # something changed that the records of many refer to, as the kind of a product
    MANY = "many"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose records a run read: everybody's, or those of customers who changed since a full run."""

    because: str | None  # a `Because`; None for a run of what changed
    base_run: int | None = None  # the full run that it started from
    customers: int | None = None  # whose figures were computed from their records, anonymous sales counting as one
    seen: str = ""  # the state of the database that was read


@dataclass(frozen=True, kw_only=True)
class RunTotals:
    """Everything that one run found, summed up."""

    customers: int  # rows of the scorecard: prospects too
    active: int  # stage customer
    former: int
    prospects: int  # never ordered: neither ranked nor in a category
    first_month: str | None  # ISO dates of the first and last month with figures
    last_month: str | None
    costing: str | None  # name of the costing; None: no costing, so profit is gross margin less direct costs
    drivers: tuple[str, ...]  # codes, in the order of the quantities of CustomerMonth
    statement: Statement  # of the ranked customers: everybody who ever ordered
    prospects_statement: Statement
    anonymous: Statement  # sales without customer
    sales_without_cost: Decimal  # gross sales of goods whose cost is neither known nor assumed
    reconciliation: Reconciliation
    ranking: Ranking
    categories: tuple[CategoryTotal, ...]  # all four, in order
    customer_equity: Decimal | None  # sum of the lifetime values; None when nobody has one
    customer_equity_low: Decimal | None
    customer_equity_high: Decimal | None
    lifetime_model: LifetimeModel
    notes: tuple[str, ...]  # codes of what readers should know: no_costing, no_orders, total_not_positive, ...
    durations: tuple[StageTime, ...]
    changes: Changes | None  # None for the first run
    scope: Scope | None = None  # None for runs of before there was a choice

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `Run.totals`."""
        return revived(cls, data)

    def as_json(self) -> dict[str, Any]:
        """For `Run.totals`."""
        return plain(asdict(self))


def ranked_before(category: str, customers: Mapping[int, int]) -> int:
    """How many ranks lie before the first where a category can begin, by the customers of each category.

    The first two categories are a beginning of the ranking each; the other two share what is left.
    """
    return sum(count for number, count in customers.items() if number < min(int(category), 3))


@dataclass(frozen=True, kw_only=True)
class GroupTotal:
    """Some customers of a ranking that have something in common, and what they come to together."""

    key: str  # of the group within its grouping; "" for those of whom it is not known
    customers: int
    losing: int
    orders: int
    net_revenue: Decimal
    gross_margin: Decimal
    cost_to_serve: Decimal
    direct_costs: Decimal
    profit: Decimal
    lifetime_value: Decimal | None  # of those who have one; None when nobody has


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """A ranking by one trait; what is beyond the largest groups stands in `others`."""

    by: str
    groups: tuple[GroupTotal, ...]
    others: GroupTotal | None


@dataclass(frozen=True, kw_only=True)
class Band:
    """Customers of about the same size: those of one tenth by net revenue. Equal revenues stand together."""

    lowest: Decimal
    highest: Decimal
    total: GroupTotal


@dataclass(frozen=True, kw_only=True)
class PeriodTotals:
    """What one ranking of a period comes to, as kept in `PeriodRanking.totals`."""

    ranking: Ranking
    total: GroupTotal
    groupings: tuple[Grouping, ...]
    bands: tuple[Band, ...]  # the smallest customers first

    def by(self, name: str) -> Grouping:
        """One of the groupings; an empty one where the ranking is older than that way of grouping."""
        found = (grouping for grouping in self.groupings if grouping.by == name)
        return next(found, Grouping(by=name, groups=(), others=None))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `PeriodRanking.totals`."""
        return revived(cls, data)

    def as_json(self) -> dict[str, Any]:
        """For `PeriodRanking.totals`."""
        return plain(asdict(self))


@dataclass(frozen=True, kw_only=True)
class ChangedProfit:
    """One customer whose profit is another one than in the run before, in cents; None is outside the ranking."""

    customer: int
    before: int
    after: int
    category_before: int | None
    category: int | None


@dataclass(frozen=True, kw_only=True)
class ProfitChanges:
    """Whose profit changed between two runs. Together the amounts are the change of profit of all ranked customers."""

    fell: int  # customers
    fell_by: Decimal  # zero or negative
    rose: int
    rose_by: Decimal
    same: int
    most_fallen: tuple[ChangedProfit, ...]  # at most some hundred, the largest change first
    most_risen: tuple[ChangedProfit, ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `ProfitChange.totals`."""
        return revived(cls, data)

    def as_json(self) -> dict[str, Any]:
        """For `ProfitChange.totals`."""
        return plain(asdict(self))


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """From the lifetime values of one run to those of the next: `before` and the steps add up to `after`."""

    before: Decimal
    after: Decimal
    won: Decimal
    lost: Decimal
    activity: Decimal
    margin: Decimal
    cost: Decimal
    unknown: Decimal
    customers_won: int
    customers_lost: int
    customers_activity_up: int
    customers_activity_down: int


@dataclass(frozen=True, kw_only=True)
class SegmentBridge:
    """The same for the customers of one segment."""

    segment: int
    bridge: Bridge


@dataclass(frozen=True, kw_only=True)
class EquityChange:
    """Why customer equity changed, as kept in `EquityBridge.totals`."""

    whole: Bridge
    segments: tuple[SegmentBridge, ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `EquityBridge.totals`."""
        return revived(cls, data)

    def as_json(self) -> dict[str, Any]:
        """For `EquityBridge.totals`."""
        return plain(asdict(self))
