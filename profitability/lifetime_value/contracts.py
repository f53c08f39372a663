"""Lifetime value of customers under contract: expected discounted renewals by sBG, net of the cost to serve.

value = sum over renewals k within the horizon of  d^(their time) * P(renewed k times more) * (margin - cost per order)
        less sum over periods t of                 d^t * P(under contract at the start of t) * cost per period

Renewals fall due at fixed distances, so all of it is exact: no integral, and an interval from the distribution itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from profitability.lifetime_value.base import Base, ServiceCost, expected_margin, read_base
from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.gamma_gamma import GammaGamma
from profitability.lifetime_value.interval import (
    SENSITIVITY_STEP,
    Slopes,
    Valuation,
    customer_interval,
    ends_of,
    equity_parts,
)
from profitability.lifetime_value.outlook import DAYS_PER_YEAR, Horizon, Prospects, SecondMoments
from profitability.lifetime_value.sbg import ShiftedBetaGeometric
from profitability.lifetime_value.summary import DAYS_PER_WEEK, Floats, Triples, distinct
from profitability.lifetime_value.value import CONFIDENCE, DEFAULT_HORIZON, NO_COST, LifetimeValues, ValueNote


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    """Customers whose contracts run for the same time; one entry per customer, or one for all."""

    renewed: ArrayLike  # how many times so far
    due_in: ArrayLike  # days until the next renewal; 0 where it is due already and may still come
    gone: ArrayLike  # whether the contract was not renewed in time
    term: float  # days from one renewal to the next


@dataclass(frozen=True, kw_only=True)
class _Ahead:
    """The renewals to come of each distinct subscriber: rows of subscribers, columns of renewals."""

    chance: Floats  # of renewing so many times more
    discount: Floats  # of the money of that renewal; 0 beyond the horizon
    active: Floats  # chance of being under contract at the start of each period of the horizon


def contract_value(
    model: ShiftedBetaGeometric,
    subscribers: Subscribers,
    margin: ArrayLike,
    *,
    margins: GammaGamma,
    margin_orders: ArrayLike,
    segment: ArrayLike | None = None,
    cost: ServiceCost = NO_COST,
    horizon: Horizon = DEFAULT_HORIZON,
    confidence: float = CONFIDENCE,
) -> LifetimeValues:
    """Expected discounted profit of every subscriber over the horizon; see `lifetime_value` for what the columns mean.

    A renewal brings what an order of the customer is expected to bring; what subscribers buy besides is not in it.
    The interval holds about `confidence` of what may come: how often they renew, what that is worth, and errors of
    estimation of alpha and beta.
    """
    renewed, due, gone = _columns(subscribers)
    base = read_base((renewed, 0, due), margin, margin_orders, segment, cost)
    triples = _distinct(renewed, due, gone)
    ahead = _ahead(model, triples, subscribers.term, horizon)
    future = _expected(ahead, horizon)
    valuation = Valuation(
        base=base,
        triples=triples,
        alive=1 - triples.t_x,
        future=future,
        moments=_moments(ahead),
        slopes=_slopes(model, triples, subscribers.term, horizon, future),
        margin=expected_margin(margins, base),
        confidence=confidence,
        quantiles=tuple(_quantile(ahead, level) for level in ends_of(confidence)),
    )
    low, high = customer_interval(valuation)
    parts = equity_parts(valuation)
    return LifetimeValues(
        value=valuation.from_orders - valuation.upkeep,
        low=low,
        high=high,
        orders=triples.spread(future.orders),
        periods=triples.spread(future.periods),
        probability_alive=np.where(gone, 0, np.where(due > 0, 1, model.retention(renewed + 1))),
        contribution=valuation.contribution,
        note=_notes(base, gone, assumed=model.assumed),
        equity=parts.equity(valuation.slopes.covariance, confidence),
        parts=parts,
        confidence=confidence,
    )


def _notes(base: Base, gone: NDArray[np.bool_], *, assumed: bool) -> NDArray[np.int8]:
    renewing = ValueNote.CONTRACT_FEW_RENEWALS if assumed else ValueNote.CONTRACT
    note = np.where(base.margin < 0, ValueNote.NEGATIVE_MARGIN, renewing)
    return np.where(gone, ValueNote.CONTRACT_ENDED, note).astype(np.int8)


def _columns(subscribers: Subscribers) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    if subscribers.term <= 0:
        raise LifetimeValueError("bad_term", "The time from one renewal to the next must be above zero.")
    renewed, due, gone = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(column, np.float64)) for column in (subscribers.renewed, subscribers.due_in,
                                                                      subscribers.gone))
    )  # fmt: skip
    if (renewed < 0).any() or (due < 0).any() or not np.isfinite(renewed + due).all():
        raise LifetimeValueError("bad_renewals", "Renewals and the days to the next must be zero or more.")
    return renewed, due, gone.astype(bool)


def _distinct(renewed: Floats, due: Floats, gone: NDArray[np.bool_]) -> Triples:
    """Equal subscribers counted once: x is how often they renewed, t_x whether they are gone, T the days to come."""
    index, inverse, count = distinct(renewed, gone.astype(np.float64), due)
    return Triples(
        x=renewed[index].astype(np.int64), t_x=gone[index].astype(np.float64), T=due[index], count=count,
        inverse=inverse,
    )  # fmt: skip


def _ahead(model: ShiftedBetaGeometric, triples: Triples, term: float, horizon: Horizon) -> _Ahead:
    days = horizon.edges * DAYS_PER_WEEK
    k = np.arange(1, int(days[-1] // term) + 2)
    when = triples.T[:, None] + (k - 1) * term
    here = (1 - triples.t_x)[:, None]
    so_far = triples.x[:, None]
    chance = here * model.survival(so_far + k) / model.survival(so_far)
    discount = np.where(when < days[-1], np.power(1 + horizon.discount_rate, -when / DAYS_PER_YEAR), 0)
    # How many renewals fell due up to the start of each period.
    passed = np.floor((days[:-1] - triples.T[:, None]) / term).clip(-1) + 1
    active = here * model.survival(so_far + passed) / model.survival(so_far)
    return _Ahead(chance=chance, discount=discount, active=active)


def _expected(ahead: _Ahead, horizon: Horizon) -> Prospects:
    orders = np.einsum("ij,ij->i", ahead.chance, ahead.discount)
    return Prospects(orders=orders, periods=np.einsum("ij,j->i", ahead.active, horizon.discounts))


def _moments(ahead: _Ahead) -> SecondMoments:
    """Whoever renews k times has the sum of the first k discounts: E[D^2] adds what each further one adds to D^2."""
    squares = np.cumsum(ahead.discount, axis=1) ** 2
    steps = np.diff(squares, axis=1, prepend=0)
    return SecondMoments(
        orders_squared=np.einsum("ij,ij->i", ahead.chance, steps),
        squared_discounts=np.einsum("ij,ij->i", ahead.chance, ahead.discount**2),
    )


def _quantile(ahead: _Ahead, level: float) -> Floats:
    """Discounted renewals that are not exceeded with this probability."""
    return np.where(ahead.chance > 1 - level, ahead.discount, 0).sum(axis=1)


def _slopes(model: ShiftedBetaGeometric, triples: Triples, term: float, horizon: Horizon, future: Prospects) -> Slopes:
    """Forward differences, as `find_slopes` takes them of models of purchases."""
    covariance = np.zeros((2, 2)) if model.covariance is None else model.covariance
    orders, periods = np.zeros((2, len(triples.x), 2))
    for parameter in np.flatnonzero(np.diag(covariance) > 0).tolist():
        moved = _expected(_ahead(model.shifted(parameter, SENSITIVITY_STEP), triples, term, horizon), horizon)
        orders[:, parameter] = (moved.orders - future.orders) / SENSITIVITY_STEP
        periods[:, parameter] = (moved.periods - future.periods) / SENSITIVITY_STEP
    return Slopes(orders=orders, periods=periods, covariance=covariance)
