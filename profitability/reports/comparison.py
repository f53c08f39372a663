"""What the page about the models reads, and what it says in words: which was best, why, and how far to trust it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.formatting import money, number, percent
from crm_site.lib.jobs.models import Job
from profitability.comparison import MEASURES, PAST_SPEND, Comparison, Holdout, SeasonFound
from profitability.comparison_actions import COMPARISON
from profitability.models import ModelComparison, PurchaseModel

# The forecast of a total that is further off deserves a warning.
TOTAL_OFF = 0.05
# Smaller chances are told as smaller than this.
LEAST_CHANCE = 0.001
REASONS = {
    "no_orders": gettext_lazy("There are no orders yet, so there is nothing to compare models on."),
    "too_short": gettext_lazy("The orders cover less than twelve weeks: too little to hold some of them back."),
    "too_few_orders": gettext_lazy("Too few customers ordered again to compare models: chance would decide."),
    "no_repeat_orders": gettext_lazy("Nobody has ordered again yet, so there is nothing to compare models on."),
}
OTHER_REASON = gettext_lazy("The orders do not suffice to compare models.")
# Whether the model in use sorts customers better than past spend, and whether it errs less.
VERDICTS = {
    (True, True): gettext_lazy(
        "%(model)s forecasts the last %(weeks)s weeks best and beats past spend, so lifetime values use it."
    ),
    (False, True): gettext_lazy(
        "%(model)s comes closer than past spend to what customers brought in the last %(weeks)s weeks, and lifetime "
        "values use it; to sort customers, nothing beats past spend."
    ),
    (True, False): gettext_lazy(
        "%(model)s sorts customers better than past spend over the last %(weeks)s weeks, and lifetime values use it; "
        "for the amount that a customer brings, nothing beats past spend."
    ),
    (False, False): gettext_lazy(
        "Nothing beats past spend: carried on, it forecasts the last %(weeks)s weeks better than every model. Lifetime "
        "values use %(model)s all the same, since past spend tells neither who may have left nor how sure it is."
    ),
}
# The same where another model beats past spend in what the one in use does not.
VERDICTS_OF_ONE = {
    (False, True): gettext_lazy(
        "%(model)s comes closer than past spend to what customers brought in the last %(weeks)s weeks, and lifetime "
        "values use it; past spend sorts customers better than it does, though not better than every model."
    ),
    (True, False): gettext_lazy(
        "%(model)s sorts customers better than past spend over the last %(weeks)s weeks, and lifetime values use it; "
        "past spend comes closer to the amount that a customer brings, though not closer than every model."
    ),
    (False, False): gettext_lazy(
        "%(model)s has the best ranks of the models over the last %(weeks)s weeks, so lifetime values use it; past "
        "spend, carried on, forecasts them better than it does, though not better than every model."
    ),
}
ALIKE = gettext_lazy("All models forecast alike, so that the simplest is used.")
AS_WELL = gettext_lazy(
    "%(model)s forecasts the last %(weeks)s weeks as well as any model and beats past spend, so lifetime values use it."
)
MEASURE_NAMES = {
    "rmse": gettext_lazy("error of a customer"),
    "gini": gettext_lazy("sorting of customers"),
    "total_error": gettext_lazy("total"),
    "calibration": gettext_lazy("calibration by tenths"),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """The latest comparison, and what it found."""

    comparison: ModelComparison
    found: Comparison

    @property
    def holdout(self) -> Holdout | None:
        return self.found.holdout


def latest_comparison() -> Compared | None:
    """The one that counts (1 query); none before the first."""
    comparison = ModelComparison.objects.select_related("job").latest_one()
    return Compared(comparison, Comparison.from_json(comparison.result)) if comparison else None


def active_comparison() -> Job | None:
    """The comparison that waits or runs, if any (1 query)."""
    return Job.objects.active().filter(kind=COMPARISON.name).order_by("id").first()


def model_name(code: str) -> str:
    """The proper name of a model, or what past spend is called."""
    return _("Past spend carried on") if code == PAST_SPEND else str(PurchaseModel(code).label)


def verdict(compared: Compared | None) -> str:
    """Which model is used, in one sentence."""
    if compared is None:
        return _("The models have not been compared yet: BG/NBD is used until then.")
    holdout = compared.holdout
    if holdout is None:
        return _("%(reason)s BG/NBD is used.") % {"reason": REASONS.get(compared.found.reason, OTHER_REASON)}
    return str(_verdict_of(holdout)) % {"model": model_name(holdout.winner), "weeks": number(holdout.weeks)}


def _verdict_of(holdout: Holdout) -> str | Promise:
    beats = holdout.sorts_better, holdout.errs_less
    if all(beats):
        return AS_WELL if holdout.simpler else VERDICTS[beats]
    beaten = not beats[0] and holdout.any_sorts_better, not beats[1] and holdout.any_errs_less
    return VERDICTS_OF_ONE[beats] if any(beaten) else VERDICTS[beats]


def findings(compared: Compared, currency: str) -> list[str]:
    """What stands behind the verdict, a sentence each."""
    holdout, season = compared.holdout, compared.found.season
    if holdout is None:
        return []
    said = [_why(holdout), _against_past_spend(holdout, currency), _total(holdout)]
    if season:
        said.append(season_in_words(season))
    if compared.found.one_in > 1:
        said.append(
            _("Compared on the orders of %(customers)s customers, one in %(count)s, chosen by chance.")
            % {"customers": number(compared.found.customers), "count": number(compared.found.one_in)}
        )
    return said


def _why(holdout: Holdout) -> str:
    if holdout.simpler:
        return _(
            "%(leader)s has the best ranks in all, but %(model)s is simpler and forecasts as well: it is behind by no "
            "more than a hundredth of the error, half a hundredth of perfect sorting, and a hundredth of what came."
        ) % {"leader": model_name(holdout.leader), "model": model_name(holdout.winner)}
    if holdout.all_alike:
        return str(ALIKE)
    first = [str(MEASURE_NAMES[measure]) for measure in MEASURES if holdout.best_by(measure) == holdout.winner]
    names = {"model": model_name(holdout.winner), "measures": ", ".join(first)}
    if len(first) == len(MEASURES):
        return _("%(model)s is the best of the models by all four measures.") % names
    if first:
        return _("%(model)s has the best ranks in all, and is the first of the models by: %(measures)s.") % names
    return _("%(model)s is the first of the models by none of the measures, but has the best ranks in all.") % names


def _against_past_spend(holdout: Holdout, currency: str) -> str:
    best, rival = holdout.best.value, holdout.rival.value
    return _(
        "It is off by %(error)s for a customer where past spend is off by %(rival_error)s, and sorts them at %(gini)s "
        "where past spend does at %(rival_gini)s (1 is hindsight, 0 is chance)."
    ) % {
        "error": money(best.rmse, currency),
        "rival_error": money(rival.rmse, currency),
        "gini": number(best.gini, digits=3),
        "rival_gini": number(rival.gini, digits=3),
    }


def _total(holdout: Holdout) -> str:
    error = holdout.best.orders.total_error
    if error is None or abs(error) < TOTAL_OFF:
        return _("In all, it forecast about as many orders as then came.")
    share = {"share": percent(abs(error), digits=0)}
    if error < 0:
        return _("In all, it forecast %(share)s fewer orders than then came: totals are rather too low.") % share
    return _("In all, it forecast %(share)s more orders than then came: totals are rather too high.") % share


def season_in_words(season: SeasonFound) -> str:
    """Whether orders come in seasons, and how that was tested."""
    if season.p_value is None:
        return _(
            "Whether orders come in seasons cannot be told: that takes two whole years of orders, and there are "
            "%(months)s whole months."
        ) % {"months": number(season.months)}
    chance = {"chance": percent(max(season.p_value, LEAST_CHANCE), digits=1)}
    if not season.found:
        return (
            _("Orders show no season: chance alone makes months differ that much in %(chance)s of cases (F test).")
            % chance
        )
    if season.p_value < LEAST_CHANCE:
        return (
            _(
                "Orders come in seasons (chance alone would explain that in less than %(chance)s of cases, F test), "
                "and forecasts of months are corrected for it. Over whole years seasons even out, so lifetime values "
                "need no correction."
            )
            % chance
        )
    return (
        _(
            "Orders come in seasons (chance alone would explain that in %(chance)s of cases, F test), and forecasts of "
            "months are corrected for it. Over whole years seasons even out, so lifetime values need no correction."
        )
        % chance
    )
