"""What moves between categories say, in one sentence."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.formatting import number, percent
from profitability.reports.sentences import CLOSE, OPEN, Finding
from profitability.rounding import rounded_parts
from profitability.totals import Move


def moves_in_words(moves: Sequence[Move]) -> Finding:
    """How many stayed, rose and fell, among those who are ranked on both sides; who came and who went besides."""
    both = [move for move in moves if move.before is not None and move.after is not None]
    everybody = sum(move.customers for move in both)
    if not everybody:
        return Finding(_("No customer is ranked in both, so nobody moved."), tuple(_comings(moves)))
    counts = {
        "stayed": sum(move.customers for move in both if move.before == move.after),
        "up": sum(move.customers for move in both if (move.before or 0) > (move.after or 0)),
        "down": sum(move.customers for move in both if (move.before or 0) < (move.after or 0)),
    }
    words = {name: OPEN + share + CLOSE for name, share in zip(counts, _shares([*counts.values()]), strict=True)}
    text = _(
        "Of the %(count)s customers ranked in both, %(stayed)s stayed in their category, %(up)s rose and %(down)s fell."
    )
    return Finding(text % (words | {"count": number(everybody)}), tuple(_comings(moves)))


def _shares(counts: Sequence[int]) -> list[str]:
    """Shares that add up to all; to a tenth of a per cent where a whole one would hide somebody."""
    exact = [Decimal(count) / sum(counts) for count in counts]
    whole = rounded_parts(exact, Decimal("0.01"))
    if all(whole[place] or not count for place, count in enumerate(counts)):
        return [percent(share, digits=0) for share in whole]
    return [percent(share, digits=1) for share in rounded_parts(exact, Decimal("0.001"))]


def _comings(moves: Sequence[Move]) -> list[str]:
    came = sum(move.customers for move in moves if move.before is None)
    went = sum(move.customers for move in moves if move.after is None)
    sentences = []
    if came:
        text = ngettext("%(count)s customer is ranked only after.", "%(count)s customers are ranked only after.", came)
        sentences.append(text % {"count": number(came)})
    if went:
        text = ngettext(
            "%(count)s customer is ranked only before.", "%(count)s customers are ranked only before.", went
        )
        sentences.append(text % {"count": number(went)})
    return sentences
