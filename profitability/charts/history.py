"""The drawing of what a customer was worth over time."""

from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Series
from profitability.reports.history import Worth, worth_in_words


def worth_chart(history: list[Worth], currency: str) -> Chart:
    """Lifetime value and profit to date, by month."""
    return Chart(
        kind="line",
        title=_("Value over time"),
        x_label=_("Day of the figures"),
        x_type="date",
        x_values=[worth.as_of for worth in history],
        series=[
            Series(_("Lifetime value"), [worth.lifetime_value for worth in history], colour="series-1"),
            Series(_("Profit so far"), [worth.profit for worth in history], colour="series-2"),
        ],
        format="money",
        currency=currency,
        digits=0,
        summary=worth_in_words(history, currency),
    )
