"""The chart of why profit changed."""

from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Series
from profitability.reports.profit_changes import ProfitComparison


def profit_bridge(compared: ProfitComparison, currency: str, *, summary: str) -> Chart | None:
    """From profit before to profit after, by the lines that changed; none where nothing did."""
    changed = [line for line in compared.lines if line.change]
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
