"""The portfolio of some groups: their figures, correlations and mixes. Pure: numpy, scipy."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from profitability.portfolio.mixes import Choice, NoMix, mixes_of
from profitability.portfolio.results import (
    AVERAGE_MONTH,
    FEWEST_MONTHS,
    SHORT,
    SINGULAR,
    TOO_FEW_GROUPS,
    UNSOLVED,
    Analysis,
    Mixes,
)
from profitability.portfolio.returns import Floats, History, comparable, figures_of, monthly_returns
from profitability.portfolio.shrinkage import shrunk


def analyse(whole: History, groups: Sequence[History], *, over: str = AVERAGE_MONTH, reach: float = 0.5) -> Analysis:
    """Return and risk of each group; correlations and mixes of those that can be compared over enough months.

    `over` says over which cost a month's profit is taken, `reach` how far a share of today's mix may move.
    """
    figures = {group.key: figures_of(group, over) for group in groups}
    found = Analysis(whole=figures_of(whole, over), groups=tuple(figures.values()))
    if len(whole.profit) < FEWEST_MONTHS:
        return replace(found, problem=SHORT)
    candidates = [group for group in groups if not figures[group.key].problem]
    if len(candidates) < 2:
        return replace(found, problem=TOO_FEW_GROUPS)
    returns = np.array([monthly_returns(group, over) for group in candidates])
    kept, months = comparable(returns)
    # Over fewer months, a group may not have varied that did over all of its own.
    kept = [row for row in kept if returns[row][months].std() > 0]
    compared = [candidates[row] for row in kept]
    left_out = {group.key for group in candidates} - {group.key for group in compared}
    marked = tuple(replace(one, problem=SHORT) if one.key in left_out else one for one in found.groups)
    found = replace(found, groups=marked)
    if len(compared) < 2:
        return replace(found, problem=TOO_FEW_GROUPS)
    cost = np.array([np.asarray(group.cost, dtype=float)[months].mean() for group in compared])
    return _compared(found, compared, returns[kept][:, months].T, cost, reach)


def _compared(found: Analysis, compared: Sequence[History], returns: Floats, cost: Floats, reach: float) -> Analysis:
    covariance = shrunk(returns)
    found = replace(
        found,
        compared=tuple(group.key for group in compared),
        months=len(returns),
        cost=float(cost.sum()),
        correlations=tuple(tuple(row) for row in covariance.correlation.tolist()),
        average_correlation=covariance.average,
        intensity=covariance.intensity,
    )
    if covariance.is_singular:
        return replace(found, problem=SINGULAR)
    choice = Choice(returns.mean(axis=0), covariance.covariance, cost / cost.sum(), reach, len(returns))
    mixes = _mixes(choice)
    return replace(found, mixes=mixes, problem="" if mixes else UNSOLVED)


def _mixes(choice: Choice) -> Mixes | None:
    try:
        return mixes_of(choice)
    except NoMix:
        return None
