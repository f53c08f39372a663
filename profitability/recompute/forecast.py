"""Lifetime values of all customers: purchases by the model in force, margins by Gamma-Gamma, net of cost to serve."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crm_site.lib.bulk import Table
from profitability.lifetime_value import (
    Equity,
    FittedModel,
    Horizon,
    LifetimeValues,
    ValueNote,
    fit_or_assume,
    fit_or_assume_gamma_gamma,
    lifetime_value,
)
from profitability.lifetime_value.base import segment_means
from profitability.lifetime_value.value import PER_CUSTOMER
from profitability.models import PurchaseModel, ValuePolicy
from profitability.recompute.accounts import Accounts
from profitability.recompute.base import Means, Models
from profitability.recompute.contracts import Terms, find_contracts, with_renewals
from profitability.recompute.months import Whole, month_of
from profitability.totals import ContractTerm

# A customer's own cost is trusted as if everybody's average had been seen this many times before.
TRUST_AFTER = 3
DAYS_PER_WEEK = 7
# How a value was reached, as scorecards keep it: the place is the number of the note.
NOTES = ("", *(note.name.lower() for note in ValueNote))


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Models and values; money in cents, one entry per customer of the accounts."""

    model: str  # the name of the purchase model
    models: Models
    values: LifetimeValues
    order_margin: NDArray[np.float64]  # expected of an order, before the cost of serving it
    # Of no order within the days of silence asked about, or of not renewing next time; 0 for prospects.
    churn_risk: NDArray[np.float64]
    contracts: tuple[ContractTerm, ...]  # the models of subscribers, by how long contracts run
    subscriptions: int

    def take(self, some: Whole) -> "Forecast":
        """What some of these customers are expected to bring, by place."""
        values = {name: getattr(self.values, name)[some] for name in PER_CUSTOMER}
        return replace(
            self,
            values=replace(self.values, **values),
            order_margin=self.order_margin[some],
            churn_risk=self.churn_risk[some],
        )


def forecast(
    accounts: Accounts,
    *,
    today: int,
    policy: ValuePolicy,
    costed: NDArray[np.int64],
    spells: Table,
    model: str = PurchaseModel.BGNBD,
    silence_days: int = 365,
    kept: Models | None = None,
    times: ArrayLike = 1.0,
) -> Forecast:
    """What every customer is expected to bring after the day `today` (days since 1970), by the purchase model named.

    Orders of one day count as one. The margin of an order is gross margin over days with an order. The cost of an
    order and of a month of the relation are the customer's own, drawn towards everybody's for those with few; only
    months in which costs were entered (`costed`) say what either costs. Customers under contract (`spells`) are
    forecast by their renewals, and the purchase model is fitted on the others. `kept` is what was learned before, of
    everybody; without it that is learned of the accounts. `times` is how often each counts in equity.
    """
    contracts = find_contracts(spells, accounts, today=today)
    free = accounts.ordered.copy()
    free[contracts.places()] = False
    seen = _seen(accounts, today, costed)
    models = kept or _learned(accounts, seen, free, model=model, today=today, costed=costed)
    purchases, means = models.purchases, models.means
    terms = Terms(
        margins=models.margins,
        horizon=Horizon(years=policy.horizon_years, discount_rate=float(policy.yearly_discount_rate)),
        margin=seen.margin,
        order_days=seen.order_days,
        segment=accounts.kind,
        per_order=_drawn_to_mean(accounts.sums["order_costs"], seen.costed_days, means.per_order),
        per_period=_drawn_to_mean(accounts.sums["relation_costs"], seen.months, means.per_month),
    )
    weeks, of_segments = np.where(free, seen.weeks, np.nan), np.array(means.of_segments, np.float64)
    of_all = {"of_segments": of_segments, "times": times, **terms.of(slice(None))}
    others = lifetime_value(purchases, seen.x, seen.t_x, weeks, terms.margin, **of_all)
    renewals = with_renewals(others, contracts, terms)
    risk = _churn_risk(purchases, renewals.values, seen.x, weeks, silence_days)
    return Forecast(
        model=PurchaseModel.BGNBD if purchases.assumed else model,
        models=models,
        values=renewals.values,
        order_margin=renewals.values.contribution + terms.per_order,
        churn_risk=np.where(renewals.of, renewals.churn_risk, risk),
        contracts=renewals.terms,
        subscriptions=len(contracts.place),
    )


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What all customers are worth together, by whatever forecasts that was found."""

    value: Whole  # cents, of every customer of the accounts; 0 for prospects
    equity: Equity
    usual: "Usual"


def value_in_cents(outlook: Forecast) -> Whole:
    """Lifetime values as scorecards have them."""
    return np.rint(outlook.values.value).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What everybody who ordered makes and costs, in whole cents, and by what it is told of one."""

    margin: int
    order_days: int
    order_costs: int
    costed_days: int
    relation_costs: int
    months: int  # with costs, since the first order of each

    @property
    def margin_per_order(self) -> float | None:
        """Cents; None when nobody ordered."""
        return _mean(self.margin, self.order_days)

    @property
    def per_order(self) -> float | None:
        """The cost of an order in cents."""
        return _mean(self.order_costs, self.costed_days)

    @property
    def per_month(self) -> float | None:
        """The cost of a month of the relation in cents."""
        return _mean(self.relation_costs, self.months)

    def __add__(self, other: "Usual") -> "Usual":
        return Usual(**{name: value + getattr(other, name) for name, value in asdict(self).items()})

    def __sub__(self, other: "Usual") -> "Usual":
        return Usual(**{name: value - getattr(other, name) for name, value in asdict(self).items()})


def usual_of(accounts: Accounts, *, today: int, costed: NDArray[np.int64]) -> Usual:
    """What is usual among all customers of the accounts."""
    bought = accounts.ordered
    columns = {"margin": accounts.gross_margin} | {
        name: accounts.sums[name] for name in ("order_days", "order_costs", "costed_days", "relation_costs")
    }
    sums = {name: int(values.sum(where=bought)) for name, values in columns.items()}
    return Usual(**sums, months=int(_months_since(accounts.first_day[bought], today, costed).sum()))


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What was seen of every customer, as the models read it."""

    x: NDArray[np.float64]
    t_x: NDArray[np.float64]
    weeks: NDArray[np.float64]  # since the first order; NaN for who never ordered
    margin: NDArray[np.float64]  # cents of gross margin for each day with an order
    order_days: NDArray[np.float64]
    costed_days: NDArray[np.float64]
    months: NDArray[np.float64]  # with costs, since the first order


def _seen(accounts: Accounts, today: int, costed: NDArray[np.int64]) -> _Seen:
    bought = accounts.ordered
    first_day = accounts.first_day.astype(np.float64)
    order_days = accounts.sums["order_days"].astype(np.float64)
    months = np.zeros(len(bought))
    months[bought] = _months_since(accounts.first_day[bought], today, costed)
    return _Seen(
        x=np.maximum(order_days - 1, 0),
        t_x=np.where(bought, (accounts.last_day - first_day) / 7, 0),
        weeks=np.where(bought, (today - first_day) / 7, np.nan),
        margin=np.divide(accounts.gross_margin, order_days, out=np.zeros(len(bought)), where=bought),
        order_days=order_days,
        costed_days=accounts.sums["costed_days"].astype(np.float64),
        months=months,
    )


def _learned(
    accounts: Accounts,
    seen: _Seen,
    free: NDArray[np.bool_],
    *,
    model: str,
    today: int,
    costed: NDArray[np.int64],
) -> Models:
    """What everybody's orders say; `free` are the customers who have ordered and are not under contract."""
    usual, bought = usual_of(accounts, today=today, costed=costed), accounts.ordered
    of_segments = segment_means(seen.margin[free], seen.order_days[free], accounts.kind[free].astype(np.int64))
    return Models(
        purchases=fit_or_assume(model, seen.x[free], seen.t_x[free], seen.weeks[free]),
        margins=fit_or_assume_gamma_gamma(seen.order_days[bought], seen.margin[bought]),
        means=Means(
            per_order=usual.per_order,
            per_month=usual.per_month,
            of_segments=tuple(None if np.isnan(mean) else mean for mean in of_segments.tolist()),
        ),
    )


def _churn_risk(
    model: FittedModel, values: LifetimeValues, x: NDArray[Any], weeks: NDArray[Any], silence_days: int
) -> NDArray[np.float64]:
    """Probability of no order in so many days: of having left, or of not ordering though active."""
    risk = np.zeros(len(x))
    bought = ~np.isnan(weeks)
    risk[bought] = 1 - values.probability_alive[bought] * model.order_if_active(
        x[bought], weeks[bought], silence_days / DAYS_PER_WEEK
    )
    return risk


def _months_since(first_day: NDArray[np.int64], today: int, costed: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many of the months with costs lie between the first order and today."""
    until = np.searchsorted(costed, month_of(np.array([today])), side="right")
    return (until - np.searchsorted(costed, month_of(first_day))).clip(0).astype(np.float64)


def _mean(cents: int, units: int) -> float | None:
    """Cents for one unit; None without units."""
    return float(cents) / float(units) if units > 0 else None


def _drawn_to_mean(cents: NDArray[Any], units: NDArray[Any], mean: float | None) -> NDArray[np.float64]:
    """(own cost + k * mean) / (own units + k): a customer with few orders or months costs about what everybody does."""
    drawn: NDArray[np.float64] = (cents + TRUST_AFTER * (mean or 0.0)) / (units + TRUST_AFTER)
    return drawn
