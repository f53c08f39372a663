"""Comparisons of models for tests of pages, without anything being fitted."""

import datetime as dt
from typing import Any

from profitability.comparison import (
    PAST_SPEND,
    Accuracy,
    Comparison,
    Entry,
    Fitted,
    Holdout,
    MonthAhead,
    Parameter,
    SeasonFound,
    Tenth,
    TrackedMonth,
)
from profitability.models import ModelComparison

NO_SEASON = SeasonFound(months=17, p_value=None, found=False, index=(1.0,) * 12)


def accuracy(rmse: float, gini: float | None, forecast: float = 95.0, calibration: float | None = 0.1) -> Accuracy:
    return Accuracy(
        rmse=rmse,
        gini=gini,
        forecast=forecast,
        actual=100.0,
        calibration=calibration,
        tenths=tuple(Tenth(customers=10, forecast=10.0 - place, actual=9.5 - place) for place in range(10)),
    )


def entry(name: str, rmse: float, gini: float | None, points: int = 8, forecast: float = 95.0) -> Entry:
    value = accuracy(rmse, gini, forecast)
    return Entry(name=name, orders=accuracy(1.5, 0.6, forecast), value=value, points=points)


def holdout(*entries: Entry, winner: str = "pareto_nbd", leader: str = "") -> Holdout:
    """Models and past spend over 39 weeks of 1,000 customers."""
    models = entries or (
        entry("bgnbd", 73.0, 0.672, 10),
        entry("mbgnbd", 72.9, 0.679, 9),
        entry("pareto_nbd", 72.5, 0.693, 5),
        entry(PAST_SPEND, 172.0, 0.680, 16, forecast=244.0),
    )
    return Holdout(
        split=10_000,
        end=10_273,
        customers=1_000,
        repeat_buyers=400,
        entries=models,
        winner=winner,
        leader=leader or winner,
    )


def comparison_of(**changes: Any) -> Comparison:
    """What a comparison found in which Pareto/NBD won."""
    parameters = tuple(
        Parameter(name=name, value=value, error=error)
        for name, value, error in (("r", 0.55, 0.05), ("alpha", 10.6, None), ("s", 0.6, 0.2), ("beta", 11.7, 6.2))
    )
    values: dict[str, Any] = {
        "customers": 1_000,
        "holdout": holdout(),
        "fitted": (
            Fitted(
                name="pareto_nbd", parameters=parameters, log_likelihood=-950.25, loss="loss_found", mean_alive=0.45
            ),
        ),
        "tracked": (
            TrackedMonth(month="2026-03-01", expected=50.2, actual=48, held_out=False),
            TrackedMonth(month="2026-04-01", expected=44.6, actual=51, held_out=True),
        ),
        "season": NO_SEASON,
        "ahead": tuple(MonthAhead(month=f"2026-{month:02}-01", orders=40.0 - month) for month in range(1, 13)),
    }
    return Comparison(**(values | changes))


def a_comparison(found: Comparison | None = None) -> ModelComparison:
    """One that is kept."""
    result = found or comparison_of()
    return ModelComparison.objects.create(
        as_of=dt.date(2026, 6, 30),
        winner=result.holdout.winner if result.holdout else "",
        result=result.as_json(),
    )
