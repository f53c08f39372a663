"""What may come from a customer, order by order: to hold lifetime values and their intervals against."""

import numpy as np
from numpy.typing import NDArray

from profitability.lifetime_value import BgNbd, FittedModel, Horizon, ParetoNbd

Floats = NDArray[np.float64]


def discounted_orders(
    model: FittedModel, x: NDArray[np.int64], T: Floats, alive: Floats, horizon: Horizon, random: np.random.Generator
) -> Floats:
    """One future of each customer: whether they are active still, what they are like, then one order after another."""
    count = len(x)
    rate = random.standard_gamma(model.r + x) / (model.alpha + T)
    leaves_at, p = np.full(count, np.inf), np.zeros(count)
    if isinstance(model, ParetoNbd):
        leaves_at = random.exponential(1, count) / random.standard_gamma(np.full(count, model.s)) * (model.beta + T)
    elif isinstance(model, BgNbd):
        p = random.beta(model.a, model.b + x + model.early) if model.a else p
    clock, orders = np.zeros(count), np.zeros(count)
    active = np.flatnonzero(random.random(count) < alive)
    while len(active):
        clock[active] += random.exponential(1, len(active)) / rate[active]
        active = active[clock[active] < np.minimum(leaves_at[active], horizon.edges[-1])]
        orders[active] += horizon.discounts[np.searchsorted(horizon.edges, clock[active], "right") - 1]
        active = active[random.random(len(active)) >= p[active]]
    return orders
