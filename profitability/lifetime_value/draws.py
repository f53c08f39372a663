"""Evenly spread draws of what a customer may be like: the same ones every time, so that figures can be reproduced.

A Sobol sequence (I. M. Sobol', USSR Computational Mathematics and Mathematical Physics 7, 1967; first direction numbers
of S. Joe and F. Y. Kuo, SIAM Journal on Scientific Computing 30, 2008) fills the unit cube far more evenly than chance
does. That of scipy.stats takes a second to import, in every process; a test holds this one against it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, expit, gammaincinv, logit, ndtr, ndtri

from profitability.lifetime_value.summary import Floats

BITS = 10
DRAWS = 2**BITS
# What each coordinate of a draw decides.
RATE, LEAVING, MOMENT, COUNT, TIMES = range(5)
# By coordinate after the first: coefficients of a primitive polynomial between its ends, as bits, and first numbers.
DIRECTIONS = ((0, (1,)), (1, (1, 3)), (1, (1, 3, 1)), (2, (1, 1, 1)))


@dataclass(frozen=True, kw_only=True)
class Futures:
    """Draws of what is to come from somebody active: entries of a row are draws, rows differ in T."""

    rate: Floats  # orders per week while active
    stays: Floats  # weeks until leaving; infinite where nobody leaves
    leaves_with_order: bool  # whether the moment of leaving is that of one more order


def waits(rate: Floats) -> Floats:
    """How long until something that comes at a rate: infinite where it never does."""
    with np.errstate(divide="ignore", over="ignore"):
        return -np.log(UNIFORM[MOMENT]) / rate


def sobol() -> Floats:
    """A row for each coordinate, a column for each draw: whole multiples of 1 / DRAWS, zero first."""
    numbers = [[1] * BITS, *(_direction_numbers(*given) for given in DIRECTIONS)]
    shifted = np.array(numbers, np.int64) << np.arange(BITS - 1, -1, -1)
    draws = np.zeros((len(numbers), DRAWS), np.int64)
    for place in range(1, DRAWS):
        lowest = (place & -place).bit_length() - 1
        draws[:, place] = draws[:, place - 1] ^ shifted[:, lowest]
    return draws / DRAWS


def _direction_numbers(coefficients: int, first: tuple[int, ...]) -> list[int]:
    """Odd numbers, each from those before: the recurrence of the polynomial over bits."""
    degree, numbers = len(first), list(first)
    while len(numbers) < BITS:
        earlier = numbers[-degree:]
        number = earlier[0] ^ (earlier[0] << degree)
        for step in range(1, degree):
            if coefficients >> (degree - 1 - step) & 1:
                number ^= earlier[-step] << step
        numbers.append(number)
    return numbers


# In the middle of their cells: never 0 or 1, where quantiles may be infinite.
UNIFORM = sobol() + 0.5 / DRAWS
NORMAL = ndtri(UNIFORM)
# Where quantiles are found: beyond the outermost draws.
NODES = np.linspace(-3.4, 3.4, 65)
LEVELS = ndtr(NODES)
TINY, ALMOST_ONE = 1e-300, 1 - 2.0**-53  # where logarithms still are numbers


def gamma_draws(shape: float, coordinate: int) -> Floats:
    """Of Gamma(shape, 1), one for each draw; a shape of 0 is the point mass at 0."""
    if shape == 0:
        return np.zeros(DRAWS)
    return np.exp(_drawn(np.log(np.maximum(gammaincinv(shape, LEVELS), TINY)), coordinate))


def beta_draws(a: float, b: float, coordinate: int) -> Floats:
    """Of Beta(a, b), one for each draw; a = 0 is the point mass at 0."""
    if a == 0:
        return np.zeros(DRAWS)
    return expit(_drawn(logit(betaincinv(a, b, LEVELS).clip(TINY, ALMOST_ONE)), coordinate))


def _drawn(quantiles: Floats, coordinate: int) -> Floats:
    """Draws by the quantiles at LEVELS, which are nearly straight over normal ones; looking each up takes ten times."""
    return np.interp(NORMAL[coordinate], NODES, quantiles)
