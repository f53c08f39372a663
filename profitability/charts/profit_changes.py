"""The chart of why profit changed."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Series
from profitability.reports.profit_changes import ProfitComparison, ProfitLine

# So many lines are drawn by themselves; the others together, since their names would run into each other.
MOST_DRAWN = 5


def profit_bridge(compared: ProfitComparison, currency: str, *, summary: str) -> Chart | None:
    """From profit before to profit after, by the lines that changed; none where nothing did."""
    changed = _drawn([line for line in compared.lines if line.change])
    if not changed:
        return None
    profit = compared.profit
    return Chart(
        kind="waterfall",
        title=_("Why profit changed"),
        x_label=_("Line"),
        x_values=[_("Before"), *(line.name for line in changed), _("After")],
        series=[Series(_("Amount"), [profit.before, *(line.change for line in changed), profit.after])],
        format="money",
        currency=currency,
        digits=0,
        summary=summary,
    )


def _drawn(lines: Sequence[ProfitLine]) -> list[ProfitLine]:
    """The lines that changed most in their order, and all others as one."""
    if len(lines) <= MOST_DRAWN + 1:
        return list(lines)
    most = sorted(lines, key=lambda line: -abs(line.change))[:MOST_DRAWN]
    others = [line for line in lines if line not in most]
    sums = (sum((getattr(line, side) for line in others), Decimal()) for side in ("before", "after"))
    return [*(line for line in lines if line in most), ProfitLine(_("All others"), *sums)]
