"""The comparison of purchase models: a job of its own, whose winner recomputes use from then on."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.plain import revived
from profitability.comparison import Comparison, Fitted, MonthAhead, Parameter, SeasonFound, TrackedMonth
from profitability.comparison import Holdout as StoredHoldout
from profitability.comparison_actions import STAGES
from profitability.lifetime_value import (
    FITS,
    FittedModel,
    Horizon,
    Ledger,
    LifetimeValueError,
    Season,
    backtest,
    expected_orders_by_period,
    find_season,
    fit_bgnbd,
    probability_alive,
    track,
)
from profitability.lifetime_value.backtest import split_day
from profitability.lifetime_value.ledger import Known, known_at
from profitability.lifetime_value.summary import DAYS_PER_WEEK
from profitability.models import ModelComparison
from profitability.recompute.months import EPOCH
from profitability.recompute.sample import Sample, read_sample

MONTHS_AHEAD = 12
PARAMETERS = {
    "bgnbd": ("r", "alpha", "a", "b"),
    "mbgnbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
}
Step = Callable[[str], None]


def run_comparison(*, context: JobContext, as_of: date) -> ModelComparison:
    """The job: compare all models on the orders up to a day, and tell how far it is."""

    def step(stage: str) -> None:
        context.check_stop()
        context.progress(list(STAGES).index(stage), len(STAGES), stage)

    return _kept(context, as_of, step)


def compare_before_first_recompute(*, context: JobContext, as_of: date) -> None:
    """Let the orders choose the model before anybody reads a figure; afterwards comparisons go by their own clock."""
    if not ModelComparison.objects.exists():
        _kept(context, as_of, lambda stage: context.check_stop())


def _kept(context: JobContext, as_of: date, step: Step) -> ModelComparison:
    step("orders")
    sample = read_sample(as_of)
    found = compare(sample, step)
    last = sample.ledger.last_day if sample.ledger.ordered.any() else None
    # Done twice by two attempts it is there twice and says the same: the later one counts.
    context.check_stop()
    return ModelComparison.objects.create(
        job=context.job,
        as_of=as_of if last is None else EPOCH + timedelta(days=last),
        winner=found.holdout.winner if found.holdout else "",
        result=found.as_json(),
    )


def compare(sample: Sample, step: Step) -> Comparison:
    """Everything that a page tells about the models; a reason where the orders do not suffice."""
    customers = len(np.unique(sample.ledger.customer[sample.ledger.ordered]))
    try:
        return _compared(sample, customers, step)
    except LifetimeValueError as refusal:
        return Comparison(reason=refusal.code, customers=customers, one_in=sample.one_in)


def _compared(sample: Sample, customers: int, step: Step) -> Comparison:
    ledger = sample.ledger
    if not ledger.ordered.any():
        raise LifetimeValueError("no_orders", "There is no order.")
    last = ledger.last_day
    split = split_day(ledger.first_day, last)
    step("holdout")
    early = known_at(ledger, split)
    found = backtest(ledger, split=split, season=_season_until(ledger, split).over(_months_of_year(split + 1, last)))
    step("fitting")
    known = known_at(ledger, last)
    fitted = {name: fit(known.x, known.t_x, known.T) for name, fit in FITS.items()}
    then = FITS[found.winner](early.x, early.t_x, early.T)
    season = _season_until(ledger, last)
    return Comparison(
        customers=customers,
        one_in=sample.one_in,
        holdout=revived(StoredHoldout, asdict(found)),
        fitted=_told(fitted, known),
        tracked=_tracked(then, ledger, split, last),
        season=SeasonFound(months=season.months, p_value=season.p_value, found=season.found, index=season.index),
        ahead=months_ahead(fitted[found.winner], known, last, season, sample.one_in),
    )


def _season_until(ledger: Ledger, last: int) -> Season:
    """From the whole months up to a day, against a BG/NBD on the orders until then."""
    known = known_at(ledger, last)
    # The first days of all whole months, and of the one after them.
    months = np.arange(_month(ledger.first_day) + 1, _month(last + 1) + 1)
    if len(months) < 2 or not known.x.any():
        return find_season([], [], [])
    found = track(fit_bgnbd(known.x, known.t_x, known.T), ledger, _days(months), won_until=last)
    return find_season(found.actual, found.expected, _of_year(months[:-1]))


def _tracked(model: FittedModel, ledger: Ledger, split: int, last: int) -> tuple[TrackedMonth, ...]:
    """Month by month; the last one ends with the last order."""
    months = np.arange(_month(ledger.first_day), _month(last) + 1)
    found = track(model, ledger, np.append(_days(months), last + 1), won_until=split)
    return tuple(
        TrackedMonth(month=_iso(month), expected=expected, actual=actual, held_out=bool(month > _month(split)))
        for month, expected, actual in zip(months.tolist(), found.expected.tolist(), found.actual.tolist(), strict=True)
    )


def months_ahead(model: FittedModel, known: Known, last: int, season: Season, one_in: int) -> tuple[MonthAhead, ...]:
    """The twelve months after the last order, each a twelfth of a year, named by the month that the first one is mostly
    in. Each is as busy as its own days are, which belong to two months of the calendar.
    """
    year = Horizon(years=1, periods_per_year=MONTHS_AHEAD)
    orders = expected_orders_by_period(model, known.x, known.t_x, known.T, year) * one_in
    days = last + 1 + np.rint(year.edges * DAYS_PER_WEEK).astype(np.int64)
    index = [season.over(_months_of_year(first, after - 1)) for first, after in pairwise(days.tolist())]
    months = _month(int(days[:2].mean())) + np.arange(MONTHS_AHEAD)
    return tuple(
        MonthAhead(month=_iso(month), orders=each)
        for month, each in zip(months.tolist(), (orders * index).tolist(), strict=True)
    )


def _told(fitted: Mapping[str, FittedModel], known: Known) -> tuple[Fitted, ...]:
    return tuple(
        Fitted(
            name=name,
            parameters=tuple(
                Parameter(name=one, value=getattr(model, one), error=_finite(model.standard_errors.get(one)))
                for one in PARAMETERS[name]
            ),
            log_likelihood=model.log_likelihood or 0.0,
            loss=model.loss.value,
            mean_alive=float(probability_alive(model, known.x, known.t_x, known.T).mean()),
        )
        for name, model in fitted.items()
    )


def _finite(error: float | None) -> float | None:
    return error if error is not None and np.isfinite(error) else None


def _month(day: int) -> int:
    """Months since 1970."""
    return int(np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64))


def _days(months: np.ndarray) -> np.ndarray:
    """The first days of months, since 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _of_year(months: np.ndarray) -> np.ndarray:
    """1 for January."""
    return months % 12 + 1


def _months_of_year(first: int, last: int) -> np.ndarray:
    """The month of the year of every day in between."""
    return _of_year(np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))


def _iso(month: int) -> str:
    return str(np.datetime64(int(month), "M").astype("datetime64[D]"))
