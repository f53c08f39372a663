"""Charts of customer equity."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from crm_site.lib.addresses import reverse
from crm_site.lib.charts import Chart, Series
from profitability.charts.drawings import category_name, category_url
from profitability.reports.equity import EquityPoint, short_names, shown_steps
from profitability.totals import Bridge, CategoryTotal


def equity_bridge(bridge: Bridge, currency: str, *, summary: str) -> Chart:
    """From equity before to equity now, by what changed it."""
    names, steps = short_names(), shown_steps(bridge)
    return Chart(
        kind="waterfall",
        title=_("Why customer equity changed"),
        x_label=_("Reason"),
        x_values=[_("Before"), *(names[name] for name in steps), _("Now")],
        series=[Series(_("Amount"), [bridge.before, *(getattr(bridge, name) for name in steps), bridge.after])],
        format="money",
        currency=currency,
        digits=0,
        summary=summary,
    )


def equity_over_time(points: Sequence[EquityPoint], currency: str, *, may_see_runs: bool) -> Chart:
    """Customer equity of every day with a recompute, with its interval."""
    return Chart(
        kind="line",
        title=_("Customer equity over time"),
        x_label=_("Figures as of"),
        x_type="date",
        x_values=[point.as_of for point in points],
        series=[
            Series(_("Customer equity"), [point.value for point in points], colour="brand"),
            Series(_("Low"), [point.low for point in points], colour="neutral"),
            Series(_("High"), [point.high for point in points], colour="neutral"),
        ],
        format="money",
        currency=currency,
        digits=0,
        links=[reverse("run", args=[point.run]) for point in points] if may_see_runs else None,
    )


def equity_by_category(categories: Sequence[CategoryTotal], currency: str) -> Chart:
    """The lifetime values of each category; each opens its customers."""
    return Chart(
        kind="bar",
        title=_("Customer equity by category"),
        x_label=_("Category"),
        x_values=[category_name(total.category) for total in categories],
        series=[
            Series(
                _("Lifetime value"),
                [total.lifetime_value for total in categories],
                colours=[f"category-{total.category}" for total in categories],
            )
        ],
        format="money",
        currency=currency,
        digits=0,
        links=[category_url(total.category) for total in categories],
    )
