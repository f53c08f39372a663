"""Charts of the portfolio: return against risk, of groups and of single customers."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Mark, Series
from crm_site.lib.formatting import percent
from profitability.portfolio.results import Analysis, Mix
from profitability.portfolio_totals import SingleCustomers
from profitability.reports.portfolio_words import MIXES
from profitability.tables.portfolio import PointRow

# A few customers lie so far out that all the others would stand in one spot: these stay in the table.
DRAWN = 0.97


def returns_of_groups(
    found: Analysis, aim: str, mix: Mix | None, names: Mapping[str, str], urls: Mapping[str, str]
) -> Chart | None:
    """Each group by its risk and return, as large as its cost; with the mixes where there are any. None without two."""
    told = [group for group in found.groups if group.mean is not None and group.risk is not None]
    if len(told) < 2:
        return None
    points = [(group.risk or 0.0, group.mean or 0.0, names[group.key], group.cost, urls[group.key]) for group in told]
    lines = {_("Groups"): [point[1] for point in points]}
    if found.mixes:
        total = found.cost
        line = [(point.risk, point.mean, "", total, "") for point in found.mixes.frontier]
        mixes = [(_("Today"), found.mixes.today), *([(str(MIXES[aim]), mix)] if mix else [])]
        marked = [(one.risk, one.mean, name, total / 4, "") for name, one in mixes]
        lines |= {_("Best mixes within reach"): [point[1] for point in line]}
        lines |= {name: [one.mean] for name, one in mixes}
        points = [*points, *line, *marked]
    return Chart(
        kind="scatter",
        title=_("Return against risk"),
        x_label=_("Risk: how much the monthly return varies"),
        x_values=[point[0] for point in points],
        x_type="percent",
        y_label=_("Return a month"),
        series=_spread(lines, len(points)),
        format="percent",
        digits=1,
        names=[point[2] for point in points],
        names_label=_("Group"),
        sizes=[max(point[3], 0.0) for point in points],
        links=[point[4] for point in points],
        close_up=True,
    )


def _spread(lines: Mapping[str, Sequence[float]], count: int) -> list[Series]:
    """Series that follow each other, each with nothing where the others have their points."""
    found, at = [], 0
    colours = iter(("brand-text", "neutral", "accent", "series-4"))
    for place, (name, values) in enumerate(lines.items()):
        spread = [*([None] * at), *values, *([None] * (count - at - len(values)))]
        found.append(Series(name, spread, colour=next(colours), joined=place == 1))
        at += len(values)
    return found


def returns_of_customers(found: SingleCustomers, rows: Sequence[PointRow]) -> Chart | None:
    """The largest customers by risk and return, with the return of all and the usual risk. None without any."""
    if not rows:
        return None
    risks = sorted(row.figures.risk for row in rows)
    returns = sorted(row.figures.mean for row in rows)
    edge = int(len(rows) * DRAWN)
    furthest, highest = risks[min(edge, len(rows) - 1)], returns[min(edge, len(rows) - 1)]
    shown = [row for row in rows if row.figures.risk <= furthest and row.figures.mean <= highest]
    marks = []
    if found.mean is not None and found.usual_risk is not None:
        words = {"mean": percent(found.mean, digits=1), "risk": percent(found.usual_risk, digits=1)}
        marks = [
            Mark(
                found.usual_risk,
                found.mean,
                _("Lines: return of all customers together %(mean)s, median risk %(risk)s") % words,
            )
        ]
    return Chart(
        kind="scatter",
        title=_("Return against risk of the largest customers"),
        x_label=_("Risk: how much the monthly return varies"),
        x_values=[row.figures.risk for row in shown],
        x_type="percent",
        y_label=_("Return a month"),
        series=[
            Series(
                _("Customers"),
                [row.figures.mean for row in shown],
                colours=["negative" if row.figures.mean < 0 else "brand-text" for row in shown],
            )
        ],
        format="percent",
        digits=1,
        names=[row.name for row in shown],
        names_label=_("Customer"),
        links=[row.url for row in shown],
        marks=marks,
    )
