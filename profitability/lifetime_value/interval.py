"""How far from its expectation a lifetime value may come out: for each customer, and for their sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtri

from profitability.lifetime_value.base import Base, OrderMargin
from profitability.lifetime_value.outlook import Horizon, Prospects, PurchaseModel, SecondMoments, prospects
from profitability.lifetime_value.summary import Floats, Triples

SENSITIVITY_STEP = 1e-3


@dataclass(frozen=True, kw_only=True)
class Equity:
    """The sum of lifetime values. The luck of customers averages out in it, errors of estimation do not."""

    value: float
    low: float
    high: float

    def __add__(self, other: "Equity") -> "Equity":
        """Of both bases together, whose errors have nothing to do with each other."""
        value = self.value + other.value
        return Equity(
            value=value,
            low=float(value - np.hypot(self.value - self.low, other.value - other.low)),
            high=float(value + np.hypot(self.high - self.value, other.high - other.value)),
        )


@dataclass(frozen=True, kw_only=True)
class EquityParts:
    """What equity and its interval are made of: sums over customers, so that those of some can be exchanged."""

    value: float
    luck: float  # variance of what comes to single customers, whose luck is their own
    slopes: Floats  # by log-parameter of the model, whose errors all customers share

    def __add__(self, other: "EquityParts") -> "EquityParts":
        return EquityParts(
            value=self.value + other.value, luck=self.luck + other.luck, slopes=self.slopes + other.slopes
        )

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value, "luck": self.luck, "slopes": self.slopes.tolist()}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "EquityParts":
        return cls(value=found["value"], luck=found["luck"], slopes=np.array(found["slopes"], np.float64))

    def equity(self, covariance: Floats | None, confidence: float) -> Equity:
        """The sum, and a normal interval around it: luck of independent customers, and errors that they share."""
        shared = 0.0 if covariance is None else float(self.slopes @ covariance @ self.slopes)
        reach = float(ndtri((1 + confidence) / 2)) * np.sqrt(max(self.luck, 0) + shared)
        return Equity(value=self.value, low=float(self.value - reach), high=float(self.value + reach))


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Per triple: change of expected discounted orders and periods per unit of each log-parameter of the model."""

    orders: Floats
    periods: Floats
    covariance: Floats  # of the log-parameters

    def variance(self, slopes: Floats) -> Floats:
        """What errors of estimation add to the variance of something with these slopes."""
        return np.einsum("...j,jk,...k->...", slopes, self.covariance, slopes)


@dataclass(frozen=True, kw_only=True)
class Valuation:
    """Everything the intervals are made of; arrays per customer, except in the five of the model."""

    base: Base
    triples: Triples
    alive: Floats
    future: Prospects
    moments: SecondMoments
    slopes: Slopes
    margin: OrderMargin
    confidence: float
    quantiles: tuple[Floats, ...]  # discounted orders per triple that are not exceeded with each of the two `levels`

    @cached_property
    def contribution(self) -> Floats:
        """Expected per order, net of the cost per order."""
        return self.margin.mean - self.base.per_order

    @cached_property
    def from_orders(self) -> Floats:
        """Expected value of the orders, before the cost of keeping up the relation."""
        return self.contribution * self.triples.spread(self.future.orders)

    @cached_property
    def upkeep(self) -> Floats:
        """Expected cost of keeping up the relation."""
        return self.base.per_period * self.triples.spread(self.future.periods)

    @cached_property
    def worth_variance(self) -> Floats:
        """Variance of value that comes from not knowing what the orders will be worth."""
        long_run = self.triples.spread(self.moments.orders_squared) * self.margin.variance
        return long_run + self.triples.spread(self.moments.squared_discounts) * self.margin.single_variance

    @cached_property
    def luck(self) -> Floats:
        """Per triple: variance of discounted orders when the parameters are known."""
        return np.maximum(self.moments.orders_squared - self.future.orders**2, 0)

    @property
    def z(self) -> float:
        """Standard deviations on each side of a normal interval of this confidence."""
        return float(ndtri(ends_of(self.confidence)[1]))


def ends_of(confidence: float) -> tuple[float, float]:
    """Probabilities of falling below the low and below the high end."""
    return (1 - confidence) / 2, (1 + confidence) / 2


def find_slopes(model: PurchaseModel, triples: Triples, future: Prospects, horizon: Horizon) -> Slopes:
    """Forward differences; a parameter known without error needs none."""
    covariance = np.zeros((1, 1)) if model.covariance is None else model.covariance
    orders, periods = np.zeros((2, len(triples.x), len(covariance)))
    for parameter in np.flatnonzero(np.diag(covariance) > 0).tolist():
        moved = prospects(model.shifted(parameter, SENSITIVITY_STEP), triples, horizon)
        orders[:, parameter] = (moved.orders - future.orders) / SENSITIVITY_STEP
        periods[:, parameter] = (moved.periods - future.periods) / SENSITIVITY_STEP
    return Slopes(orders=orders, periods=periods, covariance=covariance)


def customer_interval(valuation: Valuation) -> tuple[Floats, Floats]:
    """Low and high per customer: few or many orders, and what they are worth, with errors of estimation (normal).

    The two distances from the expectation are added in squares on each side (Zou & Donner 2008), and cut where the
    orders cannot go: below nothing for a customer whose orders earn for certain, say.
    """
    triples, contribution = valuation.triples, valuation.contribution
    expected = triples.spread(valuation.future.orders)
    fewest, most = (triples.spread(end) for end in valuation.quantiles)
    fewest, most = np.minimum(fewest, expected), np.maximum(most, expected)
    worst, best = np.sort([contribution * fewest, contribution * most], axis=0)
    slopes = valuation.slopes
    unsure = contribution**2 * triples.spread(slopes.variance(slopes.orders))
    unsure += valuation.base.per_period**2 * triples.spread(slopes.variance(slopes.periods))
    worth = valuation.z**2 * (valuation.worth_variance + unsure)
    middle = valuation.from_orders
    reach = valuation.z * np.sqrt(valuation.margin.variance)
    floor = np.minimum(0, (contribution - reach) * most)
    ceiling = np.maximum(0, (contribution + reach) * most)
    low = np.maximum(middle - np.hypot(middle - worst, np.sqrt(worth)), floor)
    high = np.minimum(middle + np.hypot(best - middle, np.sqrt(worth)), ceiling)
    return low - valuation.upkeep, high - valuation.upkeep


def equity_parts(valuation: Valuation, times: Floats | float = 1.0) -> EquityParts:
    """The sums over all customers that equity is made of, in which each counts so many times."""
    triples, slopes, contribution = valuation.triples, valuation.slopes, valuation.contribution
    per_triple = np.bincount(triples.inverse, weights=contribution * times, minlength=len(triples.x))
    upkeep = np.bincount(triples.inverse, weights=valuation.base.per_period * times, minlength=len(triples.x))
    luck = contribution**2 * triples.spread(valuation.luck) + valuation.worth_variance
    return EquityParts(
        value=float(((valuation.from_orders - valuation.upkeep) * times).sum()),
        luck=float((luck * times).sum()),
        slopes=per_triple @ slopes.orders - upkeep @ slopes.periods,
    )
