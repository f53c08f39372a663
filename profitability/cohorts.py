"""Cohorts of customers as kept in `RunCohorts.totals`: plain values that pages read."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Self

from crm_site.lib.plain import plain, revived


@dataclass(frozen=True, kw_only=True)
class Age:
    """A cohort in one month of its life, the month of the first order being the first."""

    active: int  # customers with an order
    profit: Decimal  # of the month, all customers of the cohort together


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Customers with something in common from the start: the month of their first order, or where they came from."""

    key: str  # ISO date of the month, or the number of the source; empty: source not known
    customers: int
    acquisition_cost: Decimal  # in all; where none was noted, none
    lifetime_value: Decimal  # expected from now on, in all
    ages: tuple[Age, ...]

    @property
    def profit_so_far(self) -> Decimal:
        return sum((age.profit for age in self.ages), Decimal(0))

    @property
    def payback_months(self) -> int | None:
        """The month of life in which what winning and serving them cost had come back for good; None: not yet."""
        total, since = Decimal(0), None
        for month, age in enumerate(self.ages, start=1):
            total += age.profit
            since = None if total < 0 else since or month
        return since

    def retention(self, age: int) -> float | None:
        """Share of the cohort that ordered in this month of life, the first being 0; None: not reached yet."""
        return self.ages[age].active / self.customers if age < len(self.ages) and self.customers else None

    def cumulative_profit(self, age: int) -> Decimal | None:
        """For one customer, up to this month of life; None: not reached yet."""
        if age >= len(self.ages) or not self.customers:
            return None
        return sum((one.profit for one in self.ages[: age + 1]), Decimal(0)) / self.customers


@dataclass(frozen=True, kw_only=True)
class Cohorts:
    """All of them, by month (the oldest first) and by source (the largest first)."""

    months: tuple[Cohort, ...] = ()
    sources: tuple[Cohort, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `RunCohorts.totals`."""
        return revived(cls, data)

    def as_json(self) -> dict[str, Any]:
        """For `RunCohorts.totals`."""
        return plain(asdict(self))
