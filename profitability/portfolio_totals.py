"""The sums of a run's portfolio as kept in `RunPortfolio`: plain values that pages read, without numpy.

Series are lists of whole cents, since there are thousands of them.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

from crm_site.lib.plain import plain, revived
from profitability.portfolio.results import Analysis

OTHERS = "others"  # the groups beyond the largest, as one


@dataclass(frozen=True, kw_only=True)
class GroupMonths:
    """Profit and cost of one group in each month, in cents."""

    key: str
    customers: int
    profit: tuple[int, ...]
    cost: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """Every grouping of a run over its whole months, the oldest first."""

    months: tuple[str, ...] = ()  # ISO dates of first days
    uncosted: tuple[str, ...] = ()  # those of them for which nothing was entered in cost pools
    whole: GroupMonths | None = None
    groupings: dict[str, tuple[GroupMonths, ...]]  # the largest by cost, those of each grouping in that order

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `RunPortfolio.history`."""
        groupings = {by: tuple(map(_group, groups)) for by, groups in data["groupings"].items()}
        whole = _group(data["whole"]) if data["whole"] else None
        uncosted = data["uncosted"]
        # Sums of old say only how many; most often amounts are entered from some month on.
        named = data["months"][:uncosted] if isinstance(uncosted, int) else uncosted
        return cls(months=tuple(data["months"]), uncosted=tuple(named), whole=whole, groupings=groupings)

    def as_json(self) -> dict[str, Any]:
        """For `RunPortfolio.history`."""
        return {
            "months": list(self.months),
            "uncosted": list(self.uncosted),
            "whole": _plain(self.whole) if self.whole else None,
            "groupings": {by: [_plain(group) for group in groups] for by, groups in self.groupings.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was found for one question, and in which months."""

    analysis: Analysis
    months: int  # whole ones that were looked at
    uncosted: int  # of these: those without an amount in any cost pool
    first: str | None = None  # ISO dates of first days
    last: str | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `PortfolioAnalysis.totals`."""
        return revived(cls, data)

    def as_json(self) -> dict[str, Any]:
        """For `PortfolioAnalysis.totals`."""
        return plain(asdict(self))


def _group(row: list[Any]) -> GroupMonths:
    key, customers, profit, cost = row
    return GroupMonths(key=key, customers=customers, profit=tuple(profit), cost=tuple(cost))


def _plain(group: GroupMonths) -> list[Any]:
    return [group.key, group.customers, list(group.profit), list(group.cost)]


@dataclass(frozen=True, kw_only=True)
class CustomerPoint:
    """Return and risk of one customer over the cost of an average month since the first one."""

    customer: int
    months: int
    revenue: float  # of an average month
    cost: float
    profit: float
    mean: float
    risk: float


@dataclass(frozen=True, kw_only=True)
class Field:
    """Customers on one side of the company's return and of the usual risk."""

    returns_more: bool
    is_steadier: bool
    customers: int
    cost: float  # of an average month, all together
    profit: float


@dataclass(frozen=True, kw_only=True)
class SingleCustomers:
    """What is told of single customers: the largest one by one, and everybody in four fields."""

    points: tuple[CustomerPoint, ...] = ()  # the largest by net revenue first
    fields: tuple[Field, ...] = ()
    mean: float | None = None  # return of all who are told, together
    usual_risk: float | None = None  # the median of their risks
    too_new: int = 0  # with fewer months than it takes
    without_cost: int = 0

    @property
    def told(self) -> int:
        return sum(field.customers for field in self.fields)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `RunPortfolio.customers`."""
        return revived(cls, data)

    def as_json(self) -> dict[str, Any]:
        """For `RunPortfolio.customers`."""
        return plain(asdict(self))
