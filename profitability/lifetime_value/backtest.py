"""Which model to trust: each is given the past up to a day, and its forecast is held against what then came.

The rival of all models needs no mathematics: what a customer has brought so far, carried on at the same rate. A model
that does not beat it is no better than a list sorted by past spend, and that is then said.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.fits import FITS, Fit
from profitability.lifetime_value.gamma_gamma import expected_average_value, fit_or_assume_gamma_gamma
from profitability.lifetime_value.ledger import Came, Known, Ledger, came_between, known_at
from profitability.lifetime_value.measures import Accuracy, accuracy
from profitability.lifetime_value.outlook import expected_purchases
from profitability.lifetime_value.summary import DAYS_PER_WEEK, Floats

PAST_SPEND = "past_spend"
LONGEST_HOLDOUT = 52  # weeks: a whole year has every season
SHORTEST_HOLDOUT = 4
HELD_OUT = 1 / 3  # of the time on record
ENOUGH_REPEAT_BUYERS = 30
ENOUGH_ORDERS = 30  # in the holdout: with fewer, chance decides
# Differences for which nobody would decide otherwise: a hundredth of the error of a customer, half a hundredth of
# perfect sorting, and a hundredth of what came, in total and by tenths.
NEGLIGIBLE_ERROR, NEGLIGIBLE_GINI, NEGLIGIBLE_SHARE = 0.01, 0.005, 0.01


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model, or the rival, and how its forecast came true."""

    name: str
    orders: Accuracy
    value: Accuracy
    points: int  # sum of its ranks by the four measures of value: the fewer the better


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """All of them on the same customers and days."""

    split: int  # the last day known
    end: int  # the last day forecast
    customers: int
    repeat_buyers: int  # known at the split
    entries: tuple[Entry, ...]  # the models, then the rival
    leader: str  # the model with the best ranks
    winner: str  # the model to use: the leader, or a simpler one that does as well

    @property
    def weeks(self) -> float:
        """Length of the holdout."""
        return (self.end - self.split) / DAYS_PER_WEEK

    @property
    def sorts_better(self) -> bool:
        """Whether the winner tells good customers from others better than past spend does."""
        return (self.entry(self.winner).value.gini or 0.0) > (self.entry(PAST_SPEND).value.gini or 0.0)

    @property
    def errs_less(self) -> bool:
        """Whether the winner comes closer to what each customer brings than past spend does."""
        return self.entry(self.winner).value.rmse < self.entry(PAST_SPEND).value.rmse

    def entry(self, name: str) -> Entry:
        """The one of this name."""
        return next(entry for entry in self.entries if entry.name == name)


@dataclass(frozen=True, kw_only=True)
class Forecasts:
    """What was forecast for each customer."""

    orders: Floats
    value: Floats


def split_day(first: int, last: int) -> int:
    """Where to cut: a third of the time on record is held out, in whole weeks, at most a year."""
    weeks = min(int((last - first) * HELD_OUT / DAYS_PER_WEEK), LONGEST_HOLDOUT)
    if weeks < SHORTEST_HOLDOUT:
        raise LifetimeValueError("too_short", "Orders of twelve weeks are needed to hold four of them back.")
    return last - weeks * DAYS_PER_WEEK


def backtest(ledger: Ledger, *, split: int | None = None, end: int | None = None, season: float = 1.0) -> Backtest:
    """Compare all models and the rival.

    `season` is how much busier the holdout's months are than others, learnt from earlier years alone.
    """
    last = ledger.last_day if end is None else end
    cut = split_day(ledger.first_day, last) if split is None else split
    known = known_at(ledger, cut)
    came = came_between(ledger, known.customers, cut, last)
    repeat_buyers = int(np.count_nonzero(known.x))
    if repeat_buyers < ENOUGH_REPEAT_BUYERS or came.orders.sum() < ENOUGH_ORDERS:
        raise LifetimeValueError("too_few_orders", "Too few customers ordered again for a comparison of models.")
    weeks = (last - cut) / DAYS_PER_WEEK
    forecasts = {name: _by_model(fit, known, weeks, season) for name, fit in FITS.items()}
    forecasts[PAST_SPEND] = carried_on(known, weeks)
    entries = _entries(forecasts, came)
    models = [entry for entry in entries if entry.name in FITS]
    leader = min(models, key=_standing)
    return Backtest(
        split=cut,
        end=last,
        customers=len(known.customers),
        repeat_buyers=repeat_buyers,
        entries=entries,
        leader=leader.name,
        winner=next(entry.name for entry in models if does_as_well(entry.value, leader.value)),
    )


def carried_on(known: Known, weeks: float) -> Forecasts:
    """The rival: orders and value so far, spread over the time observed; over the whole holdout where that is longer.

    So a customer of last week is not expected to come back every week.
    """
    share = weeks / np.maximum(known.T, weeks)
    return Forecasts(orders=known.orders * share, value=known.value * share)


def _by_model(fit: Fit, known: Known, weeks: float, season: float) -> Forecasts:
    model = fit(known.x, known.t_x, known.T)
    worth = fit_or_assume_gamma_gamma(known.orders, known.mean_value)
    orders = expected_purchases(model, known.x, known.t_x, known.T, weeks) * season
    return Forecasts(orders=orders, value=orders * expected_average_value(worth, known.orders, known.mean_value))


def _entries(forecasts: Mapping[str, Forecasts], came: Came) -> tuple[Entry, ...]:
    measured = {
        name: (accuracy(one.orders, came.orders), accuracy(one.value, came.value)) for name, one in forecasts.items()
    }
    points = _points({name: value for name, (_, value) in measured.items()})
    return tuple(
        Entry(name=name, orders=orders, value=value, points=points[name]) for name, (orders, value) in measured.items()
    )


def _points(measured: Mapping[str, Accuracy]) -> dict[str, int]:
    """For each, its ranks by error, order, total and calibration added up; equals share the better rank."""
    columns = [_shortfalls(one) for one in measured.values()]
    ranks = [[sum(other[i] < own[i] for other in columns) + 1 for i in range(len(own))] for own in columns]
    return {name: sum(rank) for name, rank in zip(measured, ranks, strict=True)}


def _shortfalls(one: Accuracy) -> tuple[float, ...]:
    """The four measures so that less is better; what cannot be measured counts alike for all."""
    total = one.total_error
    return (one.rmse, -(one.gini or 0.0), abs(total or 0.0), one.calibration or 0.0)


def does_as_well(one: Accuracy, best: Accuracy) -> bool:
    """Whether a forecast is behind another by next to nothing in each of the four measures."""
    rmse, gini, total, calibration = (
        mine - theirs for mine, theirs in zip(_shortfalls(one), _shortfalls(best), strict=True)
    )
    return (
        rmse <= NEGLIGIBLE_ERROR * best.rmse
        and gini <= NEGLIGIBLE_GINI
        and total <= NEGLIGIBLE_SHARE
        and calibration <= NEGLIGIBLE_SHARE
    )


def _standing(entry: Entry) -> tuple[int, float]:
    return entry.points, entry.value.rmse
