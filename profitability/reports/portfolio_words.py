"""What a portfolio says, in sentences."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm_site.lib.formatting import money, number, percent
from profitability.portfolio.concentration import TEN
from profitability.portfolio.results import (
    FEWEST_MONTHS,
    FLAT,
    NO_COST,
    SHORT,
    SINGULAR,
    TOO_FEW_GROUPS,
    UNSOLVED,
    Analysis,
    Concentration,
    Mix,
    Mixes,
)
from profitability.portfolio_totals import Answer, SingleCustomers

# Below this a difference in return, as a share, is none.
NEXT_TO_NOTHING = 0.0005

# Why a group stands apart.
APART: Mapping[str, str | Promise] = {
    NO_COST: gettext_lazy("no month with cost above zero, so no return"),
    SHORT: gettext_lazy("too few months to compare"),
    FLAT: gettext_lazy("never varied, so nothing to compare"),
}
MIXES: Mapping[str, str | Promise] = {
    "best": gettext_lazy("Most return for its risk"),
    "same_risk": gettext_lazy("No more risk than today"),
    "least_risk": gettext_lazy("Least risk"),
}


def mix_named(mixes: Mixes, name: str) -> Mix | None:
    """One of the better mixes; None for the best one where every mix loses."""
    return {"best": mixes.best, "same_risk": mixes.same_risk, "least_risk": mixes.least_risk}[name]


def portfolio_finding(found: Analysis, names: Mapping[str, str]) -> str:
    """What is to be known first: whether another mix would return more, or else which group does."""
    if found.mixes is None:
        return _best_group(found, names)
    today, then = found.mixes.today, found.mixes.same_risk
    words = {"today": _rate(today.mean), "then": _rate(then.mean), "risk": _rate(today.risk)}
    if then.mean - today.mean <= NEXT_TO_NOTHING:
        text = _(
            "Today’s mix returns %(today)s of its cost a month, with a risk of %(risk)s. No mix within reach would "
            "have returned noticeably more at no more risk."
        )
    elif then.beats(today):
        text = _(
            "Today’s mix returns %(today)s of its cost a month, with a risk of %(risk)s. At no more risk, another mix "
            "of these groups would have returned %(then)s."
        )
    else:
        text = _(
            "Today’s mix returns %(today)s of its cost a month, with a risk of %(risk)s. At no more risk, another mix "
            "would have returned %(then)s: a difference that may well be chance."
        )
    return text % words


def _best_group(found: Analysis, names: Mapping[str, str]) -> str:
    known = [group for group in found.groups if group.mean is not None]
    if not known:
        return _("No group has a month with cost above zero, so there is no return on cost to tell.")
    # What one month returned says little beside the mean of many.
    varied = [group for group in known if group.risk is not None]
    best = max(varied or known, key=lambda group: group.mean or 0)
    words = {"best": names[best.key], "return": _rate(best.mean)}
    if len(varied) < 2:
        return _("“%(best)s” returns %(return)s of its cost a month.") % words
    steadiest = min(varied, key=lambda group: group.risk or 0)
    words |= {"steadiest": names[steadiest.key], "risk": _rate(steadiest.risk)}
    return (
        _(
            "“%(best)s” returns most of its cost a month: %(return)s. The steadiest is “%(steadiest)s”, with a risk of "
            "%(risk)s."
        )
        % words
    )


def portfolio_notes(answer: Answer) -> list[str]:
    """What must be known beside the finding to read it rightly."""
    found = answer.analysis
    if all(group.mean is None for group in found.groups):
        return [
            _("Returns appear once unit costs of goods or amounts of cost pools are entered and figures recomputed.")
        ]
    return list(filter(None, (_problem(found, answer.months), _together(found), _doubt(found), _uncosted(answer))))


def _problem(found: Analysis, months: int) -> str:
    """Why there are no correlations or no mix."""
    match found.problem:
        case "":
            return ""
        case code if code == SHORT:
            text = ngettext(
                "The records hold %(months)s whole month. Return and risk are told all the same, but how groups move "
                "together, and which mix would be better, cannot be said from fewer than %(fewest)s.",
                "The records hold %(months)s whole months. Return and risk are told all the same, but how groups move "
                "together, and which mix would be better, cannot be said from fewer than %(fewest)s.",
                months,
            )
            return text % {"months": number(months), "fewest": number(FEWEST_MONTHS)}
        case code if code == TOO_FEW_GROUPS:
            text = _(
                "Fewer than two groups have %(fewest)s months in common in which they varied, so none are compared."
            )
            return text % {"fewest": number(FEWEST_MONTHS)}
        case code if code == SINGULAR:
            return _("Some groups move exactly alike, so no mix of them is better than all others.")
        case code if code == UNSOLVED:
            return _("No better mix was found.")
    return ""


def _together(found: Analysis) -> str:
    """How closely groups move together, which decides what spreading can do."""
    average = found.average_correlation
    if average is None:
        return ""
    words = {"average": number(average, digits=2)}
    if average > 0.6:
        return (
            _("The groups move closely together (correlation %(average)s on average), so spreading helps little.")
            % words
        )
    if average > 0.2:
        return (
            _("The groups move loosely together (correlation %(average)s on average), so spreading helps somewhat.")
            % words
        )
    return _("The groups hardly move together (correlation %(average)s on average), so spreading helps much.") % words


def _doubt(found: Analysis) -> str:
    """How far off the returns may be: the usual error of a group's mean."""
    errors = sorted(group.error for group in found.groups if group.error)
    if not found.mixes or not errors:
        return ""
    text = _(
        "These months are a sample: the mean return of a group is known to about ± %(error)s. Past returns promise "
        "nothing, and nobody can be sure that a group returns as much when more is spent on it."
    )
    # The sign stays with its figure at the end of a line.
    return text.replace("± ", "±\N{NO-BREAK SPACE}") % {"error": percent(errors[len(errors) // 2], digits=1)}


def _uncosted(answer: Answer) -> str:
    if not answer.uncosted:
        return ""
    if answer.uncosted >= answer.months:
        return _(
            "Nothing was entered in cost pools for these months, so costs are those of goods and direct costs alone."
        )
    text = ngettext(
        "For %(count)s of the months nothing was entered in cost pools, so its returns look better than they were.",
        "For %(count)s of the months nothing was entered in cost pools, so their returns look better than they were.",
        answer.uncosted,
    )
    return text % {"count": number(answer.uncosted)}


def _rate(share: float | None) -> str:
    return percent(share, digits=1)


def customers_finding(found: SingleCustomers) -> str:
    """Where customers stand between return and risk, in one sentence."""
    if found.without_cost and not found.told:
        return _("No customer has a cost above zero, so there is no return on cost to tell.")
    if not found.told or found.mean is None:
        return _("No customer has been one for long enough to tell return and risk.")
    good = sum(field.customers for field in found.fields if field.returns_more and field.is_steadier)
    text = ngettext(
        "%(count)s of %(all)s customers returns more than all together (%(mean)s a month) and is steadier than most.",
        "%(count)s of %(all)s customers return more than all together (%(mean)s a month) and are steadier than most.",
        good,
    )
    return text % {"count": number(good), "all": number(found.told), "mean": percent(found.mean, digits=1)}


def concentration_finding(found: Concentration, currency: str) -> str:
    """How much hangs on the ten best."""
    if not found.customers:
        return _("No customer has ordered yet, so nothing hangs on anybody.")
    if found.share_of_ten is None:
        return _("All customers together make no profit (%(profit)s), so nobody has a share of it.") % {
            "profit": money(found.profit, currency, digits=0)
        }
    effective = max(round(found.effective_by_profit or 0), 1)
    if found.customers <= TEN:
        text = ngettext(
            "All customers together, no more than ten, make the whole profit. Gains are as concentrated as if one "
            "customer made them all.",
            "All customers together, no more than ten, make the whole profit. Gains are as concentrated as if "
            "%(effective)s customers made them in equal parts.",
            effective,
        )
    else:
        text = ngettext(
            "The ten best customers make %(share)s of the profit. Gains are as concentrated as if one customer made "
            "them all.",
            "The ten best customers make %(share)s of the profit. Gains are as concentrated as if %(effective)s "
            "customers made them in equal parts.",
            effective,
        )
    return text % {"share": percent(found.share_of_ten, digits=1), "effective": number(effective)}


def leaving_sentence(found: Concentration, currency: str, names: Mapping[int, str]) -> str:
    """What it would mean if the best left: capacity stands idle before anything is saved. `names` goes by rank."""
    if not found.outlooks:
        return ""
    best = found.outlooks[0]
    if best.margin_lost < 0:
        text = _("If %(name)s left, the company would be %(gain)s better off: the gross margin is a loss.")
    elif best.idle <= 0:
        text = _("If %(name)s left, the company would miss %(margin)s of gross margin.")
    else:
        text = _(
            "If %(name)s left, the accounts of customers would miss %(profit)s of profit, but the company itself "
            "%(margin)s: serving costs %(idle)s, and people and machines would be paid on until that capacity is "
            "given up."
        )
    return text % {
        "name": names.get(1) or _("the best customer"),
        "profit": money(best.profit_lost, currency, digits=0),
        "margin": money(best.margin_lost, currency, digits=0),
        "gain": money(-best.margin_lost, currency, digits=0),
        "idle": money(best.idle, currency, digits=0),
    }
