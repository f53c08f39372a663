"""The NBD, in which nobody leaves: what each model of purchases is tested by, and becomes where no loss is seen."""

from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from profitability.lifetime_value.bgnbd_likelihood import nbd_objective
from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.likelihood import PROVEN_GAIN, Maximum, maximise, shapes_and_means
from profitability.lifetime_value.summary import Tally, tally

NO_GAIN = 1e-3
NOBODY = 1e-6  # a chance of leaving that is none


class CustomerLoss(StrEnum):
    """What the data say about customers leaving; the value is the code of the sentence shown."""

    FOUND = "loss_found"
    NOT_PROVEN = "loss_not_proven"  # fitted, but chance alone would explain it
    NONE = "no_loss"  # no sign at all: the model is then the NBD
    ALIKE = "loss_alike"  # found, but nothing shows that some are more inclined to leave than others


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
    return maximise(nbd_objective(triples), start, int(triples.count.sum()), axes=shapes_and_means(1))


def without_loss(nbd: Maximum) -> Maximum:
    """The NBD as the limit of a model with four parameters: the third is 0, and the fourth may be anything."""
    covariance = None
    if nbd.covariance is not None:
        covariance = np.zeros((4, 4))
        covariance[:2, :2] = nbd.covariance
    return replace(
        nbd,
        log_parameters=np.append(nbd.log_parameters, [-np.inf, 0.0]),
        covariance=covariance,
        boundless=np.append(nbd.boundless, [False, False]),
    )


def loss_shown(gain: float, *, leaving: float, alike: bool) -> CustomerLoss:
    """What a gain in log-likelihood over the NBD proves.

    `leaving` is the fitted inclination to leave, `alike` whether it is the same in all customers.
    """
    if gain < NO_GAIN or leaving < NOBODY:
        return CustomerLoss.NONE
    if gain <= PROVEN_GAIN:
        return CustomerLoss.NOT_PROVEN
    return CustomerLoss.ALIKE if alike else CustomerLoss.FOUND
