"""What a scenario comes to: before, after and the way there. Pure, without numpy, so that pages may read results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

CATEGORIES = (1, 2, 3, 4)
GONE = 0  # in moves: no longer a customer


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A company before or after: customers who are ranked, and from their profit down to what the company keeps."""

    customers: float  # expected number; some may be expected to leave
    net_revenue: int
    cost_of_goods: int
    cost_to_serve: int
    direct_costs: int
    profit: int  # of these customers, as their accounts show it
    others: int  # profit of prospects and of anonymous sales
    uncharged: int  # costs that nobody is charged, as today: unused capacity and company level
    idle: int  # capacity that the levers set free and nobody gives up
    sunk: int  # direct costs of customers who leave, which were spent on them
    lifetime_value: int
    losing: int  # customers with a loss

    @property
    def result(self) -> int:
        """What the company keeps: capacity set free is not earned."""
        return self.profit + self.others - self.uncharged - self.idle - self.sunk


@dataclass(frozen=True, kw_only=True)
class CategoryChange:
    """One of the four categories, before and after."""

    category: int
    customers_before: int
    customers_after: int
    profit_before: int
    profit_after: int


@dataclass(frozen=True, kw_only=True)
class Move:
    """So many customers go from one category to another; `GONE` is leaving altogether."""

    before: int
    after: int
    customers: int


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A whale curve: cumulative profit in cents at each hundredth of the customers, and what is read off it."""

    cents: tuple[int, ...]
    best_share: float | None
    peak_share: float | None
    peak_at: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one lever changes, after those before it."""

    result: int
    profit: int
    idle: int
    lifetime_value: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a scenario comes to."""

    before: Figures
    after: Figures
    value_at_risk: int  # lifetime value of those who are expected to leave
    categories: tuple[CategoryChange, ...]
    moves: tuple[Move, ...]
    curve_before: Curve
    curve_after: Curve
    steps: tuple[Step, ...]  # one for each lever; they come to the whole change

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From what `dataclasses.asdict` gave."""
        return cls(
            before=Figures(**data["before"]),
            after=Figures(**data["after"]),
            value_at_risk=data["value_at_risk"],
            categories=tuple(CategoryChange(**each) for each in data["categories"]),
            moves=tuple(Move(**each) for each in data["moves"]),
            curve_before=Curve(**data["curve_before"] | {"cents": tuple(data["curve_before"]["cents"])}),
            curve_after=Curve(**data["curve_after"] | {"cents": tuple(data["curve_after"]["cents"])}),
            steps=tuple(Step(**each) for each in data["steps"]),
        )
