"""Lifetime value net of the cost to serve, with an interval and a note for every customer, and customer equity.

value = sum over periods t of
        d^t * [ E(orders in t) * (margin - cost per order) - P(active at the start of t) * cost per period ]
"""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from profitability.lifetime_value.base import (
    FEW_ORDERS,
    Base,
    OrderMargin,
    ServiceCost,
    expected_margin,
    read_base,
)
from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.gamma_gamma import GammaGamma
from profitability.lifetime_value.interval import (
    Equity,
    EquityParts,
    Valuation,
    customer_interval,
    ends_of,
    equity_parts,
    find_slopes,
)
from profitability.lifetime_value.outlook import Horizon, PurchaseModel, prospects, second_moments
from profitability.lifetime_value.simulation import orders_quantiles
from profitability.lifetime_value.summary import Floats, Integers, collapse

CONFIDENCE = 0.80
DEFAULT_HORIZON = Horizon()
NO_COST = ServiceCost()
# The fields of `LifetimeValues` that have one entry per customer.
PER_CUSTOMER = ("value", "low", "high", "orders", "periods", "probability_alive", "contribution", "note")


class ValueNote(IntEnum):
    """How a lifetime value was reached; the number is what is stored, and the highest that applies is given."""

    MODEL = 1
    FEW_ORDERS_SEGMENT_MEAN = 2  # the margin leans on that of the segment, or of everybody
    NEGATIVE_MARGIN = 3  # the orders so far lose money
    BASE_TOO_SMALL = 4  # the purchase or the margin model was assumed, not fitted
    NO_ORDERS = 5  # never ordered: nothing to forecast from, the value is 0
    CONTRACT = 6  # a subscriber: renewals to come by sBG
    CONTRACT_FEW_RENEWALS = 7  # the same, by parameters that were assumed
    CONTRACT_NO_RENEWALS = 8  # nobody has renewed yet, so that a subscriber is forecast like any other customer
    CONTRACT_ENDED = 9  # did not renew, and ordered nothing since: the value is 0


@dataclass(frozen=True, kw_only=True)
class LifetimeValues:
    """One entry per customer, in the order given; money in the unit of the margins."""

    value: Floats
    low: Floats
    high: Floats
    orders: Floats  # discounted expected orders over the horizon
    periods: Floats  # discounted expected periods of activity
    probability_alive: Floats
    contribution: Floats  # expected per order: margin less cost per order
    note: NDArray[np.int8]  # see `ValueNote`
    equity: Equity
    parts: EquityParts
    confidence: float

    def with_others(self, of: NDArray[np.bool_] | Integers, others: "LifetimeValues") -> "LifetimeValues":
        """These values, but for some customers others that were reached otherwise; equity is that of all."""
        changed: dict[str, NDArray] = {}
        for name in PER_CUSTOMER:
            changed[name] = getattr(self, name).copy()
            changed[name][of] = getattr(others, name)
        return replace(self, **changed, equity=self.equity + others.equity)  # type: ignore[arg-type]


def lifetime_value(
    model: PurchaseModel,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    margin: ArrayLike,
    *,
    margins: GammaGamma,
    margin_orders: ArrayLike | None = None,
    segment: ArrayLike | None = None,
    cost: ServiceCost = NO_COST,
    horizon: Horizon = DEFAULT_HORIZON,
    confidence: float = CONFIDENCE,
    of_segments: Floats | None = None,
    times: ArrayLike = 1.0,
) -> LifetimeValues:
    """Expected discounted profit of every customer over the horizon; past profit is not in it.

    `margin` is the mean gross margin of the customer's orders (NaN when unknown; it may be negative), `margin_orders`
    how many orders it is the mean of (by default all: x + 1), `margins` the Gamma-Gamma fitted on those two columns. A
    customer who never ordered has T = NaN. `segment` is a whole number per customer, -1 for none; `of_segments` are the
    means of segments in a larger base, where these customers are only some of it, and `times` how often each counts in
    equity (-1: is taken off).

    The interval holds about `confidence` of what may come to a customer: whether and how often they order, what their
    orders are worth, and errors of estimation of the purchase model. The cost of keeping up the relation stands at its
    expectation, and the Gamma-Gamma parameters are taken as known.
    """
    if not 0 < confidence < 1:
        raise LifetimeValueError("bad_confidence", "Confidence must lie between 0 and 1.")
    base = read_base((x, t_x, T), margin, margin_orders, segment, cost)
    valuation = _valuation(model, expected_margin(margins, base, of_segments), base, horizon, confidence)
    parts = equity_parts(valuation, np.broadcast_to(np.asarray(times, np.float64), base.ordered.shape)[base.ordered])
    triples, future = valuation.triples, valuation.future
    low, high = customer_interval(valuation)
    return LifetimeValues(
        value=base.everybody(valuation.from_orders - valuation.upkeep),
        low=base.everybody(low),
        high=base.everybody(high),
        orders=base.everybody(triples.spread(future.orders)),
        periods=base.everybody(triples.spread(future.periods)),
        probability_alive=base.everybody(triples.spread(valuation.alive)),
        contribution=base.everybody(valuation.contribution),
        note=_notes(base, assumed=model.assumed or margins.assumed),
        equity=parts.equity(model.covariance, confidence),
        parts=parts,
        confidence=confidence,
    )


def _valuation(model: PurchaseModel, margin: OrderMargin, base: Base, horizon: Horizon, confidence: float) -> Valuation:
    triples = collapse(base.x, base.t_x, base.T)
    future = prospects(model, triples, horizon)
    alive = model.probability_alive(triples.x, triples.t_x, triples.T)
    return Valuation(
        base=base,
        triples=triples,
        alive=alive,
        future=future,
        moments=second_moments(model, triples, horizon),
        slopes=find_slopes(model, triples, future, horizon),
        margin=margin,
        confidence=confidence,
        quantiles=orders_quantiles(model, triples, future.orders, alive, horizon, ends_of(confidence)),
    )


def _notes(base: Base, *, assumed: bool) -> NDArray[np.int8]:
    note = np.where(base.n < FEW_ORDERS, ValueNote.FEW_ORDERS_SEGMENT_MEAN, ValueNote.MODEL)
    note[base.margin < 0] = ValueNote.NEGATIVE_MARGIN
    if assumed:
        note[:] = ValueNote.BASE_TOO_SMALL
    everybody = np.full(len(base.ordered), ValueNote.NO_ORDERS, dtype=np.int8)
    everybody[base.ordered] = note
    return everybody
