"""The drawings of the page about the models: calibration, tracking, seasons and the months ahead."""

import datetime as dt

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm_site.lib import formatting
from crm_site.lib.charts import Chart, Mark, Series
from crm_site.lib.components import KeyFigure
from crm_site.lib.formatting import money, number, percent
from profitability.comparison import Comparison, Holdout, MonthAhead, SeasonFound, TrackedMonth
from profitability.reports.comparison import Compared, model_name
from profitability.totals import RunTotals


def model_figures(compared: Compared | None, totals: RunTotals | None, currency: str) -> list[KeyFigure]:
    """The customer equity with its interval, and what stands behind it."""
    figures = [] if totals is None else [_equity(totals, currency)]
    if compared is None or compared.holdout is None:
        return figures
    holdout = compared.holdout
    best, rival = holdout.best, holdout.rival
    return [
        *figures,
        KeyFigure(
            _("Model in use"),
            model_name(holdout.winner),
            hint=_("best of %(count)s on %(weeks)s weeks held back")
            % {"count": number(len(holdout.models)), "weeks": number(holdout.weeks)},
        ),
        KeyFigure(
            _("Sorting of customers"),
            number(best.value.gini, digits=3),
            hint=_("past spend %(gini)s; hindsight 1") % {"gini": number(rival.value.gini, digits=3)},
            formula=_(
                "Normalised Gini: the area under the cumulative value of customers sorted by forecast, against that of "
                "perfect order."
            ),
        ),
        KeyFigure(
            _("Orders forecast"),
            number(best.orders.forecast),
            hint=_("%(actual)s came") % {"actual": number(best.orders.actual)},
            formula=_("Orders that the customers known before were expected to place in the weeks held back."),
        ),
    ]


def _equity(totals: RunTotals, currency: str) -> KeyFigure:
    low, high = totals.customer_equity_low, totals.customer_equity_high
    limits = {"low": money(low, currency, digits=0), "high": money(high, currency, digits=0)}
    model = totals.lifetime_model
    return KeyFigure(
        _("Customer equity"),
        money(totals.customer_equity, currency, digits=0),
        hint=_("probably between %(low)s and %(high)s") % limits if low is not None else "",
        url=reverse("equity"),
        formula=_(
            "The sum of all lifetime values: %(years)s years ahead, discounted at %(rate)s a year, with four in five "
            "chances of lying between the two limits."
        )
        % {"years": number(model.horizon_years), "rate": percent(model.yearly_discount_rate)},
    )


def calibration(holdout: Holdout, currency: str) -> Chart:
    """What the winner forecast for each tenth of the customers, and what they brought."""
    tenths = holdout.best.value.tenths
    error = holdout.best.value.calibration
    return Chart(
        kind="bar",
        title=_("What a customer brought, by tenths of the forecast"),
        x_label=_("Tenth of customers, the highest forecast first"),
        x_values=[number(place) for place in range(1, len(tenths) + 1)],
        series=[
            Series(_("Forecast"), [tenth.forecast for tenth in tenths], colour="series-1"),
            Series(_("Came"), [tenth.actual for tenth in tenths], colour="series-2"),
        ],
        format="money",
        currency=currency,
        y_label=_("For one customer"),
        summary=_calibration_summary(holdout.winner, error),
    )


def _calibration_summary(winner: str, error: float | None) -> str:
    if error is None:
        return ""
    return _("Over the tenths, %(model)s was off by %(share)s of what came.") % {
        "model": model_name(winner),
        "share": percent(error, digits=0),
    }


def tracking(found: Comparison, holdout: Holdout) -> Chart:
    """Repeat orders month by month, expected and real; the months after the mark were not known to the model."""
    months = found.tracked
    return Chart(
        kind="line",
        title=_("Repeat orders by month"),
        x_label=_("Month"),
        x_type="month",
        x_values=[dt.date.fromisoformat(month.month) for month in months],
        series=[
            Series(
                _("Expected by %(model)s") % {"model": model_name(holdout.winner)},
                [round(month.expected, 1) for month in months],
                colour="series-1",
            ),
            Series(_("Came"), [month.actual for month in months], colour="series-2"),
        ],
        digits=0,
        summary=_tracking_summary(months),
        marks=_held_out_mark(months),
    )


def _tracking_summary(months: tuple[TrackedMonth, ...]) -> str:
    unknown = [month for month in months if month.held_out]
    return _("Of the months held back, %(expected)s repeat orders were expected and %(actual)s came.") % {
        "expected": number(sum(month.expected for month in unknown), digits=0),
        "actual": number(sum(month.actual for month in unknown), digits=0),
    }


def _held_out_mark(months: tuple[TrackedMonth, ...]) -> list[Mark]:
    first = next((month for month in months if month.held_out), None)
    if first is None:
        return []
    month = dt.date.fromisoformat(first.month)
    told = _("Held back from %(month)s on") % {"month": formatting.month(month)}
    return [Mark(month, round(first.expected, 1), told)]


def seasons(season: SeasonFound) -> Chart:
    """How much busier each month of the year is than the mean."""
    names = [date_format(dt.date(2000, month, 1), "F") for month in range(1, 13)]
    return Chart(
        kind="bar",
        title=_("Orders of each month against the mean"),
        x_label=_("Month"),
        x_values=names,
        series=[Series(_("Against the mean"), season.index)],
        format="percent",
        digits=0,
    )


def ahead(months: tuple[MonthAhead, ...]) -> Chart:
    """Orders that today's customers are expected to place in each of the next months."""
    return Chart(
        kind="bar",
        title=_("Orders expected of today's customers"),
        x_label=_("Month"),
        x_type="month",
        x_values=[dt.date.fromisoformat(month.month) for month in months],
        series=[Series(_("Expected orders"), [round(month.orders, 1) for month in months])],
        digits=0,
        summary=_("%(orders)s orders in the next twelve months, new customers not counted.")
        % {"orders": number(sum(month.orders for month in months), digits=0)},
    )
