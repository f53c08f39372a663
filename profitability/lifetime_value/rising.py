"""Differences of lnG and of its derivative, without the digits that large arguments lose: parameters without bound."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from profitability.lifetime_value.summary import Floats

SERIES_FROM = 1_000.0  # from here on three terms of Stirling's series are exact


def log_rise(c: ArrayLike, n: ArrayLike) -> Floats:
    """lnG(c+n) - lnG(c), for c above and n not below zero."""
    begin, steps = np.asarray(c, dtype=np.float64), np.asarray(n, dtype=np.float64)
    end = begin + steps
    main = (begin - 0.5) * np.log1p(steps / begin) + steps * (np.log(end) - 1)
    series = main + _odd(end) - _odd(begin)
    return np.where(begin > SERIES_FROM, series, gammaln(end) - gammaln(begin))


def slope_rise(c: ArrayLike, n: ArrayLike) -> Floats:
    """The same of the derivative of lnG."""
    begin, steps = np.asarray(c, dtype=np.float64), np.asarray(n, dtype=np.float64)
    end = begin + steps
    series = np.log1p(steps / begin) + _even(end) - _even(begin)
    return np.where(begin > SERIES_FROM, series, digamma(end) - digamma(begin))


def log_beta(a: ArrayLike, b: ArrayLike) -> Floats:
    """ln B(a, b)."""
    small, large = np.minimum(a, b), np.maximum(a, b)
    return np.asarray(gammaln(small) - log_rise(large, small))


def _odd(c: Floats) -> Floats:
    return 1 / (12 * c) - 1 / (360 * c**3)


def _even(c: Floats) -> Floats:
    return -1 / (2 * c) - 1 / (12 * c**2)
