"""The picture of moves between categories."""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Flow, Series
from profitability.charts.drawings import category_name
from profitability.totals import Move


def place_name(category: int | None) -> str:
    """The short name of a category, or what a customer is without one."""
    return _("Not ranked") if category is None else category_name(category)


def flow_of_moves(moves: Sequence[Move], url: Callable[[Move], str], *, summary: str) -> Chart | None:
    """From the categories before to those after, as wide as customers are many; each opens its customers."""
    if not moves:
        return None
    return Chart(
        kind="flow",
        title=_("Moves between categories"),
        x_label=_("Move"),
        x_values=[
            _("%(before)s to %(after)s") % {"before": place_name(move.before), "after": place_name(move.after)}
            for move in moves
        ],
        series=[Series(_("Customers"), [move.customers for move in moves])],
        summary=summary,
        links=[url(move) for move in moves],
        flows=[
            Flow(place_name(move.before), place_name(move.after), _colour(move.before), _colour(move.after))
            for move in moves
        ],
    )


def _colour(category: int | None) -> str:
    return "neutral" if category is None else f"category-{category}"
