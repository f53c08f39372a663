"""The models of purchases by name, for whoever lets the orders decide which to use."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from profitability.lifetime_value.bgnbd import (
    ENOUGH_REPEAT_BUYERS,
    BgNbd,
    fit_bgnbd,
    fit_mbgnbd,
    fit_or_assume_bgnbd,
)
from profitability.lifetime_value.bootstrap import bootstrap
from profitability.lifetime_value.pareto_nbd import ParetoNbd, fit_pareto_nbd
from profitability.lifetime_value.summary import checked

FittedModel: TypeAlias = BgNbd | ParetoNbd
Fit: TypeAlias = Callable[[ArrayLike, ArrayLike, ArrayLike], FittedModel]

# By the name under which a choice is kept, the simplest and quickest first: it is used until orders have spoken for
# another, and of models that forecast equally well.
FITS: Mapping[str, Fit] = {"bgnbd": fit_bgnbd, "mbgnbd": fit_mbgnbd, "pareto_nbd": fit_pareto_nbd}


def fit_or_assume(name: str, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> FittedModel:
    """The model of this name, with the errors of a bootstrap.

    A base with fewer than 30 repeat buyers gets the assumed BG/NBD whatever the name.
    """
    if np.count_nonzero(checked(x, t_x, T)[0]) < ENOUGH_REPEAT_BUYERS:
        return fit_or_assume_bgnbd(x, t_x, T)
    model = FITS[name](x, t_x, T)
    return replace(model, covariance=bootstrap(model, x, t_x, T))
