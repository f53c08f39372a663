"""What the whale curve says, in words: the 20/80 sentence with the company's own figures."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.formatting import money, number, percent
from profitability.totals import Part, Ranking

# Below this many customers a percentage of them says less than their number.
FEW = 20
# A share of a profit close to zero is a huge figure that means nothing: above this, money speaks.
LARGEST_SHARE = 10
SMALLEST_SHARE = 0.0005
# Unicode's isolates stand around each figure that deserves emphasis, and are taken out before anybody reads.
OPEN, CLOSE = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and what must be known beside it to read it rightly."""

    marked: str
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.marked.replace(OPEN, "").replace(CLOSE, "")

    @property
    def html(self) -> SafeString:
        """The sentence with its figures emphasised."""
        return mark_safe(escape(self.marked).replace(OPEN, "<strong>").replace(CLOSE, "</strong>"))


def twenty_eighty(ranking: Ranking, currency: str) -> Finding:
    """What the best and the last customers make of the total profit; in money where shares of it mean nothing."""
    if not ranking.customers:
        return Finding(_("No customer has ordered yet, so there is nothing to rank."))
    if not ranking.profitable and not ranking.losing:
        return Finding(_("No customer makes a profit, and none makes a loss."))
    if ranking.customers == 1:
        return Finding(_alone(ranking, currency))
    if not ranking.profitable:
        lost = _money(-ranking.profit, currency)
        return Finding(_("No customer makes a profit: together they lose %(amount)s.") % {"amount": lost})
    text = _in_shares(ranking) if shares_speak(ranking) else _in_money(ranking, currency)
    return Finding(text, tuple(filter(None, (_ties(ranking), _losers(ranking, currency)))))


def peak(ranking: Ranking, currency: str) -> Finding | None:
    """Where the curve is highest; none when it ends there, since nobody loses."""
    if not ranking.losing or not ranking.profitable:
        return None
    height = _share(ranking.peak.share or 0) if shares_speak(ranking) else _money(ranking.peak.profit, currency)
    return Finding(
        _("Profit peaks at %(height)s with the best %(customers)s of customers; the others bring it down again.")
        % {"height": height, "customers": percent(ranking.peak.share_of_customers, digits=0)}
    )


def break_even(ranking: Ranking) -> Finding | None:
    """How few customers make the whole profit; none where nobody loses, since all are then needed."""
    part = ranking.break_even
    if part is None or not ranking.losing or ranking.customers == 1:
        return None
    text = ngettext(
        "The best %(share)s of customers, %(count)s of them, make the whole profit: all others together add nothing.",
        "The best %(share)s of customers, %(count)s of them, make the whole profit: all others together add nothing.",
        part.customers,
    )
    return Finding(
        text % {"share": OPEN + percent(part.share_of_customers, digits=0) + CLOSE, "count": number(part.customers)}
    )


def shares_speak(ranking: Ranking) -> bool:
    """Whether shares of total profit mean something: it is positive, and not tiny beside what was earned and lost."""
    return ranking.peak.share is not None and ranking.peak.share <= LARGEST_SHARE


def _alone(ranking: Ranking, currency: str) -> str:
    amount = {"amount": _money(abs(ranking.profit), currency)}
    if ranking.profit > 0:
        return _("The only customer makes a profit of %(amount)s.") % amount
    return _("The only customer makes a loss of %(amount)s.") % amount


def _in_shares(ranking: Ranking) -> str:
    best, last = ranking.best, ranking.last
    first = ngettext(
        "%(who)s makes %(share)s of the profit", "%(who)s make %(share)s of the profit", _voices(ranking, best)
    ) % {"who": _the_best(ranking), "share": _share(best.share or 0)}
    return _joined(first, _last_share(ranking, last))


def _last_share(ranking: Ranking, last: Part) -> str:
    words = {"who": _the_last(ranking), "share": _share(abs(last.share or 0))}
    voices = _voices(ranking, last)
    if last.profit < 0:
        return ngettext("%(who)s loses %(share)s of it", "%(who)s lose %(share)s of it", voices) % words
    if last.profit > 0:
        return ngettext("%(who)s makes %(share)s of it", "%(who)s make %(share)s of it", voices) % words
    return ngettext("%(who)s adds nothing to it", "%(who)s add nothing to it", voices) % words


def _in_money(ranking: Ranking, currency: str) -> str:
    parts = _joined(
        _amount(_the_best(ranking), ranking.best.profit, _voices(ranking, ranking.best), currency),
        _amount(_the_last(ranking), ranking.last.profit, _voices(ranking, ranking.last), currency),
    )
    total = {"amount": _money(abs(ranking.profit), currency)}
    if ranking.profit > 0:
        whole = _("All customers together make %(amount)s.") % total
    elif ranking.profit < 0:
        whole = _("All customers together lose %(amount)s.") % total
    else:
        whole = _("All customers together make neither profit nor loss.")
    return f"{parts} {whole}"


def _amount(who: str, profit: Decimal, voices: int, currency: str) -> str:
    words = {"who": who, "amount": _money(abs(profit), currency)}
    if profit < 0:
        return ngettext("%(who)s loses %(amount)s", "%(who)s lose %(amount)s", voices) % words
    return ngettext("%(who)s makes %(amount)s", "%(who)s make %(amount)s", voices) % words


def _joined(first: str, second: str) -> str:
    return _("%(first)s; %(second)s.") % {"first": first, "second": second}


def _the_best(ranking: Ranking) -> str:
    if ranking.customers >= FEW:
        return _("%(share)s of customers") % {"share": percent(ranking.best.share_of_customers, digits=0)}
    figures = {"count": number(ranking.best.customers), "all": number(ranking.customers)}
    return (
        ngettext("The best of %(all)s customers", "The best %(count)s of %(all)s customers", ranking.best.customers)
        % figures
    )


def _the_last(ranking: Ranking) -> str:
    if ranking.customers >= FEW:
        return _("the last %(share)s") % {"share": percent(ranking.last.share_of_customers, digits=0)}
    count = ranking.last.customers
    return ngettext("the last one", "the last %(count)s", count) % {"count": number(count)}


def _voices(ranking: Ranking, part: Part) -> int:
    """Whether the verb stands in the singular: a percentage of customers never does."""
    return part.customers if ranking.customers < FEW else 2


def _share(share: float) -> str:
    if 0 < share < SMALLEST_SHARE:
        return _("less than %(share)s") % {"share": percent(SMALLEST_SHARE * 2)}
    return OPEN + percent(share, digits=0 if share == 0 or share >= 0.1 else 1) + CLOSE


def _money(amount: Decimal, currency: str) -> str:
    return OPEN + money(amount, currency, digits=0) + CLOSE


def _ties(ranking: Ranking) -> str:
    tied = ranking.tied_across_best
    if not tied:
        return ""
    return ngettext(
        "One more customer makes exactly as much as the last one counted among the best.",
        "%(count)s more customers make exactly as much as the last one counted among the best.",
        tied,
    ) % {"count": number(tied)}


def _losers(ranking: Ranking, currency: str) -> str:
    if not ranking.losing:
        return _("No customer makes a loss.")
    return ngettext(
        "One customer makes a loss, %(amount)s.",
        "%(count)s customers make a loss, %(amount)s together.",
        ranking.losing,
    ) % {"count": number(ranking.losing), "amount": money(-ranking.losses, currency, digits=0)}
