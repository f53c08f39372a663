"""What a portfolio comes to, as plain values. Pure, and without numpy.

Money is in the house currency; returns and risks are shares (0.2 is 20 %), for one month.
"""

from dataclasses import dataclass

# Fewer months say nothing reliable of how groups move together.
FEWEST_MONTHS = 24
# A month's profit over the cost of the same month, or over that of an average month of the group.
SAME_MONTH, AVERAGE_MONTH = "month", "average"
BASES = (AVERAGE_MONTH, SAME_MONTH)

# Why a group has no return, or stands apart from the mix.
NO_COST, SHORT, FLAT = "no_cost", "short", "flat"
# Why there are no correlations, or no mix.
TOO_FEW_GROUPS, SINGULAR, UNSOLVED = "too_few_groups", "singular", "unsolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """One group over the months that it has."""

    key: str
    customers: int
    months: int  # in which its return is defined
    cost: float  # of an average one of these months, or of all where none has a return
    profit: float
    mean: float | None  # return of an average month; None without cost
    risk: float | None  # standard deviation of the monthly returns
    problem: str = ""  # why it stands apart from correlations and mix

    @property
    def per_risk(self) -> float | None:
        """Return for each unit of risk; None where nothing varied."""
        return self.mean / self.risk if self.mean is not None and self.risk else None

    @property
    def error(self) -> float | None:
        """Standard error of the mean: how far off it may well be."""
        return self.risk / self.months**0.5 if self.risk is not None and self.months else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How each unit of cost is spread over the groups, and what that returned."""

    weights: tuple[float, ...]  # add up to 1
    mean: float
    risk: float
    error: float = 0.0  # standard error of what it returned more or less than today's mix

    @property
    def per_risk(self) -> float | None:
        return self.mean / self.risk if self.risk else None

    def beats(self, today: "Mix") -> bool:
        """Whether it returned more than today's mix by more than chance makes likely: by two standard errors."""
        return self.mean - today.mean > 2 * self.error


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point of the efficient frontier: the least risk at a return."""

    mean: float
    risk: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixes:
    """Today's mix, and better ones within reach of it."""

    today: Mix
    least_risk: Mix
    same_risk: Mix  # the most return at no more than today's risk
    best: Mix | None  # the most return for each unit of risk; None where every mix loses
    frontier: tuple[Point, ...]  # from the least risk to the most return


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The portfolio of some groups of customers."""

    whole: GroupFigures  # all customers together
    groups: tuple[GroupFigures, ...]
    compared: tuple[str, ...] = ()  # keys of the groups in correlations and mix, in the order of the matrix
    months: int = 0  # that they all have
    cost: float = 0.0  # of an average month of those, all compared groups together
    correlations: tuple[tuple[float, ...], ...] = ()
    average_correlation: float | None = None
    intensity: float | None = None  # how far correlations were drawn towards their average, 0 to 1
    mixes: Mixes | None = None
    problem: str = ""  # why there are no correlations, or else no mix


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What would be left if some of the best customers left."""

    leaving: int
    profit: float  # of the accounts of all others
    profit_lost: float  # that of those who leave
    margin_lost: float  # what the company itself would miss as long as their costs stay
    idle: float  # cost to serve of those who leave: unused capacity until it is given up
    share_of_ten: float | None  # of the ten best among the others; None without a profit
    effective: float | None  # effective number of the others, by profit


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How much of profit hangs on few customers."""

    customers: int
    profit: float
    share_of_best: float | None  # None without a profit in all
    share_of_ten: float | None
    ten: tuple[str, ...]  # keys of the ten best, the best first
    by_profit: float | None  # Herfindahl index of the profits above zero
    by_revenue: float | None
    outlooks: tuple[Outlook, ...]  # if the best left, and if the ten best left

    @property
    def effective_by_profit(self) -> float | None:
        """As many customers of equal profit would be as concentrated."""
        return 1 / self.by_profit if self.by_profit else None

    @property
    def effective_by_revenue(self) -> float | None:
        return 1 / self.by_revenue if self.by_revenue else None
