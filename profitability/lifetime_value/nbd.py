"""The NBD, in which nobody leaves: what each model of purchases is tested by, and becomes where no loss is seen."""

from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from profitability.lifetime_value.bgnbd_likelihood import nbd_objective
from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.likelihood import Maximum, maximise
from profitability.lifetime_value.summary import Tally, tally

# Half the gain in log-likelihood over "nobody leaves" that chance gives one time in twenty (a boundary test: 50:50
# mixture of nothing and chi-square with one degree, 95th percentile 2.7055).
LOSS_PROVEN_GAIN = 2.7055 / 2
NO_GAIN = 1e-3
NOBODY = 1e-6  # a chance of leaving that is none


class CustomerLoss(StrEnum):
    """What the data say about customers leaving; the value is the code of the sentence shown."""

    FOUND = "loss_found"
    NOT_PROVEN = "loss_not_proven"  # fitted, but chance alone would explain it
    NONE = "no_loss"  # no sign at all: the model is then the NBD


def observed(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Tally:
    """What a model is fitted on.

    Customers of the last day have not been observed yet: they say nothing, and alpha must not chase them.
    """
    triples = tally(x, t_x, T)
    if not triples.x.any():
        raise LifetimeValueError("no_repeat_orders", "Nobody has ordered again: there is nothing to fit.")
    if triples.T.min() > 0:
        return triples
    seen = triples.T > 0
    return replace(triples, x=triples.x[seen], t_x=triples.t_x[seen], T=triples.T[seen], count=triples.count[seen])


def fit_nbd(triples: Tally) -> Maximum:
    """Maximum likelihood estimates of r and alpha if nobody leaves."""
    mean_rate = float(triples.count @ triples.x) / float(triples.count @ triples.T)
    start = np.log(np.array([0.5, 0.5 / mean_rate]))
    return maximise(nbd_objective(triples), start, int(triples.count.sum()))


def loss_shown(gain: float, *, leaving: float) -> CustomerLoss:
    """What a gain in log-likelihood over the NBD proves, `leaving` being the fitted inclination to leave."""
    if gain < NO_GAIN or leaving < NOBODY:
        return CustomerLoss.NONE
    return CustomerLoss.FOUND if gain > LOSS_PROVEN_GAIN else CustomerLoss.NOT_PROVEN
