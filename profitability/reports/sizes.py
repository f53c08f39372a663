"""Size against profit in words: the medium-size effect where it is there, and what is there instead."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.formatting import money, number, percent
from profitability.reports.sentences import CLOSE, OPEN, Finding
from profitability.sizes import BySize, Sized, by_size, medium_effect
from profitability.totals import Band

# Below this many customers there are no sizes to tell apart.
FEW = 10


def band_names(bands: Sequence[Band], currency: str) -> list[str]:
    """The revenue that a customer of each band brings."""
    return [span_name(band.lowest, band.highest, currency) for band in bands]


def span_name(lowest: Decimal, highest: Decimal, currency: str) -> str:
    """Revenues from the lowest to the highest, as customers of about one size bring them."""
    ends = {"lowest": money(lowest, currency, digits=0), "highest": money(highest, currency, digits=0)}
    return ends["lowest"] if lowest == highest else _("%(lowest)s to %(highest)s") % ends


def size_sentences(bands: Sequence[Band], currency: str) -> list[Finding]:
    """What the sizes of customers say about profit; the first sentence is the finding."""
    if sum(band.total.customers for band in bands) < FEW or len(bands) < 3:
        return [Finding(_("There are too few customers of different sizes to compare them."))]
    sizes = by_size(
        [Sized(band.total.customers, float(band.total.net_revenue), float(band.total.profit)) for band in bands]
    )
    return [_effect(sizes), *_losing(bands, currency)]


def _effect(sizes: BySize) -> Finding:
    words = {
        name: _share(size.profit_on_revenue)
        for name, size in (("small", sizes.small), ("medium", sizes.medium), ("large", sizes.large))
    }
    if medium_effect(sizes):
        text = _(
            "Medium-sized customers are the most profitable: they leave %(medium)s of their revenue as profit, the "
            "largest fifth %(large)s and the smallest fifth %(small)s."
        )
    elif _best(sizes) is sizes.large:
        text = _(
            "Large customers are the most profitable: the largest fifth leaves %(large)s of its revenue as profit, "
            "medium-sized customers %(medium)s and the smallest fifth %(small)s."
        )
    elif _best(sizes) is sizes.small:
        text = _(
            "Small customers are the most profitable: the smallest fifth leaves %(small)s of its revenue as profit, "
            "medium-sized customers %(medium)s and the largest fifth %(large)s."
        )
    else:
        text = _(
            "Size tells little about profit: of their revenue, the largest fifth of customers leaves %(large)s as "
            "profit, medium-sized customers %(medium)s and the smallest fifth %(small)s."
        )
    return Finding(text % words)


def _best(sizes: BySize) -> Sized | None:
    """The size that leaves most of its revenue; none where the best ones are equal or nobody makes a profit."""
    known = [(size.profit_on_revenue, size) for size in sizes if size.profit_on_revenue is not None]
    best = max((share for share, _size in known), default=0)
    leaders = [size for share, size in known if share == best]
    return leaders[0] if best > 0 and len(leaders) == 1 else None


def _share(share: float | None) -> str:
    return _("nothing") if share is None else OPEN + percent(share, digits=1) + CLOSE


def _losing(bands: Sequence[Band], currency: str) -> list[Finding]:
    """Which sizes lose money as a whole."""
    losing = [band for band in bands if band.total.profit < 0]
    if not losing:
        return []
    text = ngettext(
        "One size of customers loses money as a whole: %(amount)s, by %(customers)s customers.",
        "%(count)s sizes of customers lose money as a whole: %(amount)s, by %(customers)s customers.",
        len(losing),
    )
    figures = {
        "count": number(len(losing)),
        "amount": money(-sum(band.total.profit for band in losing), currency, digits=0),
        "customers": number(sum(band.total.customers for band in losing)),
    }
    return [Finding(text % figures)]
