"""The drawings of what-if: whale curves laid over each other."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Series
from crm_site.lib.formatting import money
from profitability.what_if.outcome import Curve, Outcome

COLOURS = ("brand-text", "series-2", "series-3", "series-4", "series-5")


def curves(outcomes: Sequence[tuple[str, Outcome]], currency: str) -> Chart:
    """Cumulative profit of each scenario above that of today, all in money."""
    today = outcomes[0][1].curve_before
    drawn = [
        Series(name, _heights(outcome.curve_after), colour=COLOURS[at % len(COLOURS)])
        for at, (name, outcome) in enumerate(outcomes)
    ]
    return Chart(
        kind="whale",
        title=_("Whale curves: cumulative profit, most profitable customer first"),
        x_label=_("Share of customers, most profitable first"),
        x_type="percent",
        x_values=[at / (len(today.cents) - 1) for at in range(len(today.cents))],
        series=[*drawn, Series(_("Today"), _heights(today), colour="neutral")],
        format="money",
        currency=currency,
        digits=0,
        summary=_summary(outcomes, currency),
    )


def _heights(curve: Curve) -> list[float]:
    return [cents / 100 for cents in curve.cents]


def _summary(outcomes: Sequence[tuple[str, Outcome]], currency: str) -> str:
    today = outcomes[0][1].before.profit / 100
    then = ", ".join(f"{name} {money(outcome.after.profit / 100, currency, digits=0)}" for name, outcome in outcomes)
    return _("The curves end at the profit of all customers: today %(today)s; %(then)s.") % {
        "today": money(today, currency, digits=0),
        "then": then,
    }
