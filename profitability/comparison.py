"""What a comparison of purchase models found, as kept in `ModelComparison.result`: plain values that pages may read.

The measures carry the names that `profitability.lifetime_value` gives them, where they are computed and explained.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

from crm_site.lib.plain import plain, revived

PAST_SPEND = "past_spend"
# Measures that differ by less, relatively, are of the same forecasts.
SAME = 1e-6
MEASURES = ("rmse", "gini", "total_error", "calibration")


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """A tenth of the customers by forecast, the highest first: means for one customer."""

    customers: int
    forecast: float
    actual: float


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How well one forecast of one quantity came true."""

    rmse: float
    gini: float | None
    forecast: float
    actual: float
    calibration: float | None
    tenths: tuple[Tenth, ...]

    @property
    def total_error(self) -> float | None:
        """Forecast less actual, as a share of the actual total; None where that is not positive."""
        return self.forecast / self.actual - 1 if self.actual > 0 else None

    def shortfall(self, measure: str) -> float | None:
        """A measure so that less is better."""
        found: float | None = getattr(self, measure)
        if found is None:
            return None
        return -found if measure == "gini" else abs(found)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model, or past spend, and how its forecast came true."""

    name: str
    orders: Accuracy
    value: Accuracy
    points: int  # sum of its ranks by the four measures of value


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """All of them on the same customers and days, numbered since 1970."""

    split: int
    end: int
    customers: int
    repeat_buyers: int
    entries: tuple[Entry, ...]
    winner: str  # the model to use
    leader: str = ""  # the model with the best ranks, where a simpler one did as well; empty in comparisons of old

    @property
    def weeks(self) -> int:
        """Length of what was held back."""
        return (self.end - self.split) // 7

    @property
    def models(self) -> tuple[Entry, ...]:
        """The models without past spend."""
        return tuple(entry for entry in self.entries if entry.name != PAST_SPEND)

    def entry(self, name: str) -> Entry:
        """The one of this name."""
        return next(entry for entry in self.entries if entry.name == name)

    @property
    def best(self) -> Entry:
        """The winner."""
        return self.entry(self.winner)

    @property
    def simpler(self) -> bool:
        """Whether the winner is not the leader, but a simpler model that did as well."""
        return self.leader not in {"", self.winner}

    @property
    def rival(self) -> Entry:
        """Past spend carried on."""
        return self.entry(PAST_SPEND)

    @property
    def sorts_better(self) -> bool:
        """Whether the winner tells good customers from others better than past spend does."""
        return (self.best.value.gini or 0.0) > (self.rival.value.gini or 0.0)

    @property
    def errs_less(self) -> bool:
        """Whether the winner comes closer to what each customer brings than past spend does."""
        return self.best.value.rmse < self.rival.value.rmse

    @property
    def any_sorts_better(self) -> bool:
        """Whether some model tells good customers from others better than past spend does."""
        return any((one.value.gini or 0.0) > (self.rival.value.gini or 0.0) for one in self.models)

    @property
    def any_errs_less(self) -> bool:
        """Whether some model comes closer to what each customer brings than past spend does."""
        return any(one.value.rmse < self.rival.value.rmse for one in self.models)

    @property
    def all_alike(self) -> bool:
        """Whether all models forecast the same, as where nobody leaves."""
        models = self.models
        return len(models) > 1 and all(
            math.isclose(one.value.shortfall(measure) or 0.0, models[0].value.shortfall(measure) or 0.0, rel_tol=SAME)
            for one in models[1:]
            for measure in MEASURES
        )

    def best_by(self, measure: str) -> str:
        """The model that is best by one measure; the first of equals; empty where it cannot be measured."""
        found = [(one.value.shortfall(measure), one.name) for one in self.models]
        known = [(shortfall, name) for shortfall, name in found if shortfall is not None]
        return min(known, key=lambda each: each[0])[1] if known else ""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One estimate; no error where the orders do not determine it."""

    name: str
    value: float
    error: float | None


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """One model on all orders to date."""

    name: str
    parameters: tuple[Parameter, ...]
    log_likelihood: float
    loss: str  # code of the sentence about customers leaving
    mean_alive: float  # of all customers who ever ordered


@dataclass(frozen=True, kw_only=True)
class TrackedMonth:
    """Repeat orders of the customers won before the split, in one month."""

    month: str  # ISO date of its first day
    expected: float
    actual: float
    held_out: bool


@dataclass(frozen=True, kw_only=True)
class SeasonFound:
    """Whether orders come in seasons."""

    months: int
    p_value: float | None
    found: bool
    index: tuple[float, ...]  # January first


@dataclass(frozen=True, kw_only=True)
class MonthAhead:
    """Orders expected of all customers of today."""

    month: str  # ISO date of its first day
    orders: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that one comparison found; where nothing could be compared, `reason` is a code and the rest empty."""

    reason: str = ""
    customers: int = 0  # looked at
    one_in: int = 1  # customers stand for so many
    holdout: Holdout | None = None
    fitted: tuple[Fitted, ...] = ()
    tracked: tuple[TrackedMonth, ...] = ()
    season: SeasonFound | None = None
    ahead: tuple[MonthAhead, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `ModelComparison.result`."""
        return revived(cls, data)

    def as_json(self) -> dict[str, Any]:
        """For `ModelComparison.result`."""
        return plain(asdict(self))
